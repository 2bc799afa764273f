import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Two copies of graphql would load otherwise, and neither accepts the other's schema.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    setupFiles: ['tests/support/fixed-seed.ts'],
    include: ['tests/{unit,contract,integration,e2e}/**/*.test.ts'],
    reporters: ['default', './tests/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
