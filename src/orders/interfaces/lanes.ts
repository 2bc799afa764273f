/** Starts work. It must call `release` exactly once when the work has ended. */
export type StartInLane = (release: () => void) => void;

/** Limits the concurrency of work. Further work waits in a first-in, first-out queue. */
export interface Lanes {
  enter(start: StartInLane): void;
  /** Whether all lanes are busy, and none of their work has ended for a while. */
  isStalled(): boolean;
  /** Calls the listener each time the lanes become stalled. */
  onStall(listener: () => void): void;
}
