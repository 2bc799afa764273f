import type { EventLog } from '../orders/interfaces/event-log.js';
import type { Database } from '../database/database.js';
import { readEnd, readPoint } from './statements/read-log.js';
import { assignPositions, lastPosition, readLog, lockSequencer } from './statements/sequence-events.js';

/** The event log in PostgreSQL. */
export function createEventLog({ prisma, reads }: Database): EventLog {
  return {
    sequence: async (limit, orderIds) =>
      prisma.$transaction(async (tx) => {
        if (!(await lockSequencer(tx))) return 'locked';
        return assignPositions(tx, limit, orderIds);
      }),
    lastPosition: () => lastPosition(prisma),
    read: (after, limit) => readLog(prisma, after, limit),
    pointAt: (position) => readPoint(reads, position),
    end: () => readEnd(reads),
  };
}
