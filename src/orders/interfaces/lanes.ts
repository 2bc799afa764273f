/** Starts work. It must call `release` exactly once when the work has ended. */
export type StartInLane = (release: () => void) => void;

/** Limits the concurrency of work. Further work waits in a first-in, first-out queue. */
export interface Lanes {
  enter(start: StartInLane): void;
}
