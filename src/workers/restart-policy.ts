/** Crashes in a row after which no worker is started again. */
export const MAX_CRASHES = 6;
/** A worker that has been ready for this time was not part of a series of crashes. */
const STABLE_MS = 5_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** Decides when a worker is started again after a crash. The series is that of all workers together. */
export function createRestartPolicy() {
  let crashes = 0;
  return {
    /**
     * @param readyMs how long the worker was ready, in milliseconds
     * @returns the time until the next start, in milliseconds; null after too many crashes in a row
     */
    delayAfterCrash(readyMs: number): number | null {
      crashes = readyMs >= STABLE_MS ? 1 : crashes + 1;
      return crashes >= MAX_CRASHES ? null : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (crashes - 1));
    },
  };
}
