import { defineConfig } from 'vitest/config';

/** The tests in `long` wait for time-outs or start many processes; npm run test:servers runs them. */
const FOLDERS = process.env['LONG_TESTS'] === 'on' ? 'unit,integration,e2e,long' : 'unit,integration,e2e';

export default defineConfig({
  // Otherwise two copies of graphql are loaded, and neither accepts the schema of the other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    setupFiles: ['tests/support/fixed-seed.ts', 'tests/support/known-documents.ts'],
    include: [`tests/{${FOLDERS}}/**/*.test.ts`],
    reporters: ['default', './tests/support/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000, interval: 20 } }, // the default of 1 s is too short on a busy machine
  },
});
