import type { LogStore } from '../orders/interfaces/event-log.js';
import type { Database } from '../database/database.js';
import { givePositions, lastPosition, readLog, lockSequencer } from './statements/sequence-events.js';

/** The event log in PostgreSQL. */
export function createLogStore({ prisma }: Database): LogStore {
  return {
    sequence: async (limit, orderIds) =>
      prisma.$transaction(async (tx) => {
        if (!(await lockSequencer(tx))) return 'taken';
        return givePositions(tx, limit, orderIds);
      }),
    lastPosition: () => lastPosition(prisma),
    read: (after, limit) => readLog(prisma, after, limit),
  };
}
