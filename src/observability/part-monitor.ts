/** Whether an optional part of the server works. `unknown`: it has not been used, or not since an earlier failure. */
export type PartState = 'ok' | 'failing' | 'unknown';

/** The states of the configured optional parts, by name. */
export type PartStates = Map<string, () => PartState>;

export function reportOf(parts: PartStates): Readonly<Record<string, PartState>> {
  return Object.fromEntries([...parts].map(([name, stateOf]) => [name, stateOf()]));
}

export interface PartMonitor {
  worked(): void;
  failed(): void;
  readonly state: () => PartState;
}

/** A failure counts for this time: a part that is in use fails again, and one that is not may have recovered. */
const FAILURE_MS = 15_000;

/** Derives the state of a part from its latest use. */
export function createPartMonitor(): PartMonitor {
  let hasWorked = false;
  let failedAt = Number.NEGATIVE_INFINITY;
  return {
    worked() {
      hasWorked = true;
    },
    failed() {
      hasWorked = false;
      failedAt = performance.now();
    },
    state() {
      if (hasWorked) return 'ok';
      return performance.now() - failedAt < FAILURE_MS ? 'failing' : 'unknown';
    },
  };
}
