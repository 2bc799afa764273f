import { defineConfig } from 'vitest/config';

/** Tests that need programs besides the npm packages, and those that end processes; see scripts/test-servers.mjs. */
export default defineConfig({
  test: {
    include: ['tests/{servers,faults}/**/*.test.ts'],
    reporters: ['default', './tests/support/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2, // most of these tests wait for other programs
    testTimeout: 600_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000, interval: 20 } }, // the default of 1 s is too short on a busy machine
  },
});
