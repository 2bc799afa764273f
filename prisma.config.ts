import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // `prisma generate` and `prisma validate` do not connect; `npm run migrate` applies the migrations, not this CLI.
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost:5432/ordergraph' },
});
