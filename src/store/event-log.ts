import type { EventLog } from '../orders/interfaces/event-log.js';
import type { Database } from '../database/database.js';
import { readBehind, skipBehind } from './statements/follow-log.js';
import { readEnd, readPoint } from './statements/read-log.js';
import { assignPositions, lockSequencer } from './statements/sequence-events.js';

/** The event log in PostgreSQL. */
export function createEventLog({ prisma, reads }: Database): EventLog {
  return {
    sequence: async (limit, orderIds) =>
      prisma.$transaction(async (tx) => {
        if (!(await lockSequencer(tx))) return 'locked';
        return assignPositions(tx, limit, orderIds);
      }),
    pointAt: (position) => readPoint(reads, position),
    end: () => readEnd(reads),
    readBehind: (bookmark, limit) => readBehind(reads, bookmark, limit),
    skipBehind: (bookmark, limit) => skipBehind(reads, bookmark, limit),
  };
}
