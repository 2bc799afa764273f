import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // `prisma generate` and `prisma validate` never connect; migrations run through `npm run migrate`, not this CLI.
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost:5432/ordergraph' },
});
