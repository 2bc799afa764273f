import type { LogStore } from '../orders/ports.js';
import type { Database } from './database.js';
import { advanceSequencer, givePositions, lastPosition, readLog, takeSequencer } from './statements/sequence-events.js';

/** The event log in PostgreSQL. */
export function createLogStore({ prisma }: Database): LogStore {
  return {
    sequence: async (limit, orderIds) =>
      prisma.$transaction(async (tx) => {
        const last = await takeSequencer(tx);
        if (last === null) return 'taken';
        const given = await givePositions(tx, last, limit, orderIds);
        if (given > 0) await advanceSequencer(tx, given);
        return given;
      }),
    lastPosition: () => lastPosition(prisma),
    read: (after, limit) => readLog(prisma, after, limit),
  };
}
