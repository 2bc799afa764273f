/** A command that was not decided: its answer hangs on what somebody else holds, or may yet give up. */
export const LOCK_CONFLICT = 'held';

export type LockConflict = typeof LOCK_CONFLICT;
