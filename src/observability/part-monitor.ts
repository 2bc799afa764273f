/** Whether an optional part of the server works. `unknown`: it has not been used, or it failed and was not used since. */
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

/** A failure says nothing after this time: a part that is in use fails again, and another server may use it meanwhile. */
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
