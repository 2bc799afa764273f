import type { LockConflict } from '../orders/interfaces/batch-writer.js';

/** Another transaction has locked the order. */
export const ORDER_LOCKED: LockConflict = { kind: 'lock-conflict', on: 'order' };

/** The decision depends on an id or reference that another command or transaction may still release. */
export const LOCK_CONFLICT: LockConflict = { kind: 'lock-conflict', on: 'key' };
