import { fromPrisma, type PgBoss } from 'pg-boss';
import type { Queryable } from '../database/database.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import type { TransactionalConsumer } from '../events/consumers/consumer.js';
import type { Arrival } from '../orders/interfaces/arrival.js';
import type { EventRange } from '../orders/interfaces/event-log.js';
import type { FulfilmentHandler } from '../orders/interfaces/fulfilment-handler.js';
import { bossOn, queuedStep, STEPS_QUEUE } from './job-queue.js';

export type ReadArrivals = (
  tx: Queryable,
  range: EventRange,
  statuses: readonly OrderStatus[],
) => Promise<readonly Arrival[]>;

/**
 * Queues the steps of new orders, and of orders that fulfilment has advanced, in the transaction of its position: each
 * event queues its job exactly once. A rebuild queues the steps of the whole log again; those that were made change
 * nothing.
 */
export function fulfilmentConsumer(
  steps: FulfilmentHandler['steps'],
  readArrivals: ReadArrivals,
): TransactionalConsumer {
  let known: PgBoss | null = null;
  const statuses = Object.keys(steps) as OrderStatus[];
  return {
    kind: 'transactional',
    name: 'fulfilment',
    startAt: 'end',
    batchSize: 500,
    maxDelayMs: 0,
    debounceMs: 500,
    tables: [],
    async handle(tx, range) {
      const jobs = (await readArrivals(tx, range, statuses)).map(({ orderId, status, at, traceparent }) => {
        const delayMs = steps[status]?.delayMs ?? 0;
        return queuedStep(
          { orderId, status, waits: 0, traceparent },
          delayMs === 0 ? null : new Date(at.getTime() + delayMs),
        );
      });
      if (jobs.length === 0) return;
      const db = fromPrisma(tx);
      const boss = known ?? bossOn(db);
      await boss.insert(STEPS_QUEUE, jobs, { db });
      known = boss; // it has read the queue
    },
  };
}
