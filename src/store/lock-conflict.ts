/** A command that was not decided: its answer hangs on what somebody else holds, or may yet give up. */
export const HELD = 'held';

export type Held = typeof HELD;
