import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one machine-readable line: `N passed, N failed`, followed by the number of skipped tests if any. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) counts[test.result().state] += 1;
      if (tests.length === 0 && module.errors().length > 0) counts.failed += 1; // the file could not be loaded
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    // After the summary of the default reporter, which is printed later in the same turn.
    process.once('exit', (code) => {
      const failed = Math.max(counts.failed + counts.pending, code === 0 ? 0 : 1); // a failed set-up fails no test
      process.stdout.write(`${counts.passed} passed, ${failed} failed${skipped}\n`);
    });
  }
}
