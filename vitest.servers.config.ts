import { defineConfig } from 'vitest/config';

/** What needs more than the packages: see `npm run test:servers`. */
export default defineConfig({
  test: {
    include: ['tests/servers/**/*.test.ts'],
    reporters: ['default', './tests/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
