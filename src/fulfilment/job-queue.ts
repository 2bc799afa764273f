import { hash } from 'node:crypto';
import { PgBoss, type ConstructorOptions, type Db, type Queue } from 'pg-boss';
import type { OrderStatus } from '../domain/lifecycle.js';
import { formatUuid } from '../orders/order-id.js';

/** The schema of pg-boss. It has a name of its own, because another application may use `pgboss` in the same database. */
export const JOB_SCHEMA = 'ordergraph_jobs';

/** One job for each step of an order. */
export const STEPS_QUEUE = 'fulfilment';
/** The queue of dead letters. No worker takes them; an operator returns them to the queue of steps. */
export const DEAD_LETTERS_QUEUE = 'fulfilment-dead';

export interface StepJob {
  readonly orderId: string;
  readonly status: OrderStatus;
  /** How often the handler has postponed the step. */
  readonly waits: number;
  /** Trace context of the event; absent in jobs of earlier versions. */
  readonly traceparent?: string | null;
}

/** A job that is not queued yet. */
export interface QueuedStep {
  readonly id: string;
  readonly data: StepJob;
  readonly priority: number;
  /** A time, or seconds from now by the clock of the database. */
  readonly startAfter?: Date | number;
}

/** A job for a step. The same step has the same id: while its job exists, it is not queued again. */
export function queuedStep(data: StepJob, startAfter: Date | number | null): QueuedStep {
  const digest = hash('sha256', `${idempotencyKeyOf(data)}:${data.waits}`, 'buffer');
  const priority = data.status === 'PENDING' ? 0 : 1; // a backlog of new orders does not delay those in progress
  return { id: formatUuid(digest, 8), data, priority, ...(startAfter === null ? {} : { startAfter }) };
}

export function idempotencyKeyOf({ orderId, status }: Pick<StepJob, 'orderId' | 'status'>): string {
  return `${orderId}:${status}`;
}

const DAY_SECONDS = 86_400;

/** Attempts after the first one, over about 13 minutes. */
export const MAX_RETRIES = 10;
/** Maximum duration of an attempt. */
export const MAX_ATTEMPT_MS = 60_000;
/** A job whose worker has not reported for this long is given to another one. */
const HEARTBEAT_SECONDS = 12;

type QueueSettings = Omit<Queue, 'name'> & { readonly name: string };

/** The queues, in the order in which they are created. */
export const QUEUES: readonly QueueSettings[] = [
  { name: DEAD_LETTERS_QUEUE, retentionSeconds: 90 * DAY_SECONDS },
  {
    name: STEPS_QUEUE,
    deadLetter: DEAD_LETTERS_QUEUE,
    retryLimit: MAX_RETRIES,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 300,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: 2 * (MAX_ATTEMPT_MS / 1_000),
    retentionSeconds: 90 * DAY_SECONDS,
    deleteAfterSeconds: 60,
  },
];

/** The options of an instance that runs no background work and creates no tables. */
export const PASSIVE = {
  schema: JOB_SCHEMA,
  migrate: false,
  createSchema: false,
  supervise: false,
  schedule: false,
} as const satisfies ConstructorOptions;

/** Number of queued steps above which a warning is logged. */
export const WARNING_QUEUE_SIZE = 10_000;

/** How often lost workers are looked for, and finished jobs are deleted. */
export const SUPERVISED = {
  ...PASSIVE,
  supervise: true,
  superviseIntervalSeconds: 5,
  monitorIntervalSeconds: 5,
  maintenanceIntervalSeconds: 60,
  flowIntervalSeconds: DAY_SECONDS,
  persistWarnings: false,
  warningQueueSize: WARNING_QUEUE_SIZE,
} as const satisfies ConstructorOptions;

/** An instance that only makes statements: it is not started, and needs no closing. */
export function bossOn(db: Db): PgBoss {
  return new PgBoss({ ...PASSIVE, db });
}
