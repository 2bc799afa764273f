/** A start of work that must call `release` exactly once when the work has ended. */
export type StartInLane = (release: () => void) => void;

/** A bounded number of things under way at once; the others wait their turn, first come, first served. */
export interface Lanes {
  enter(start: StartInLane): void;
}
