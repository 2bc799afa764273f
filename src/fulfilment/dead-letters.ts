import { fromPrisma } from 'pg-boss';
import type { Queryable } from '../database/database.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import { bossOn, DEAD_LETTERS_QUEUE, JOB_SCHEMA, STEPS_QUEUE } from './job-queue.js';

/** A step without further attempts. An operator can return it to the queue. */
export interface DeadLetter {
  readonly orderId: string;
  /** The status in which the order waits. */
  readonly status: OrderStatus;
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: Date;
}

export interface FulfilmentReport {
  /** Steps that are queued or in progress. */
  readonly queued: number;
  /** Since when the oldest due step waits; null without one. */
  readonly oldestDueAt: Date | null;
  readonly deadLetters: number;
  /** The oldest ones, at most `limit`. */
  readonly oldest: readonly DeadLetter[];
}

/** Reads the state of the queue. pg-boss has no bounded read of jobs. */
export async function readFulfilmentReport(db: Queryable, limit: number): Promise<FulfilmentReport> {
  const [counts] = await db.$queryRawUnsafe<Omit<FulfilmentReport, 'oldest'>[]>(
    COUNT_JOBS,
    STEPS_QUEUE,
    DEAD_LETTERS_QUEUE,
  );
  const oldest = await db.$queryRawUnsafe<DeadLetter[]>(READ_DEAD_LETTERS, DEAD_LETTERS_QUEUE, limit);
  const { queued = 0, oldestDueAt = null, deadLetters = 0 } = counts ?? {};
  return { queued, oldestDueAt, deadLetters, oldest };
}

const COUNT_JOBS = `
SELECT count(*) FILTER (WHERE j.name = $1)::int AS queued,
  min(j.start_after) FILTER (WHERE j.name = $1 AND j.start_after <= now()) AS "oldestDueAt",
  count(*) FILTER (WHERE j.name = $2)::int AS "deadLetters"
FROM ${JOB_SCHEMA}.job j
WHERE j.name IN ($1, $2) AND j.state < 'completed'`;

const READ_DEAD_LETTERS = `
SELECT j.data->>'orderId' AS "orderId", j.data->>'status' AS status, j.created_on AS "failedAt",
  coalesce(j.source_retry_count, 0) + 1 AS attempts,
  coalesce(j.source_output->>'reason', j.source_output->'value'->>'message', j.source_output->>'message', 'unknown')
    AS reason
FROM ${JOB_SCHEMA}.job j
WHERE j.name = $1 AND j.state < 'completed'
ORDER BY j.created_on
LIMIT $2::int`;

/**
 * Returns dead letters to the queue, with all their attempts.
 *
 * @param orderId only that of this order; null returns all
 * @returns how many were returned
 */
export async function retryDeadLetters(db: Queryable, orderId: string | null): Promise<number> {
  const boss = bossOn(fromPrisma(db));
  const filter = { createdBefore: await now(db), ...(orderId === null ? {} : { data: { orderId } }) };
  for (let total = 0; ;) {
    const moved = await boss.redrive(DEAD_LETTERS_QUEUE, filter);
    if (moved === 0) return total;
    total += moved;
  }
}

/** The time of the database. Steps that fail later are not returned, so that the command ends. */
async function now(db: Queryable): Promise<Date> {
  const [row] = await db.$queryRawUnsafe<{ now: Date }[]>("SELECT now() + interval '1 millisecond' AS now");
  return row?.now ?? new Date();
}
