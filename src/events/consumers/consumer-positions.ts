import type { Queryable } from '../../database/database.js';
import type { EventConsumer } from './consumer.js';

/** How far a consumer is, and where the log ends. */
export interface Progress {
  readonly position: bigint;
  readonly last: bigint;
}

/** The right to run a consumer. It ends with its time, and at once when another process gets a larger token. */
export interface Lease {
  readonly name: string;
  readonly token: bigint;
}

/** A consumer as operators see it. */
export interface ConsumerPosition {
  readonly name: string;
  readonly position: bigint;
  /** Events that it has not handled. */
  readonly lag: bigint;
  /** Time since the oldest of them happened; null without one. */
  readonly ageMs: number | null;
  /** The process that runs it now; null where none does. */
  readonly holder: string | null;
}

/** Adds rows for new consumers, at the position where they start. */
export async function registerConsumers(
  db: Queryable,
  consumers: readonly Pick<EventConsumer, 'name' | 'startAt'>[],
): Promise<void> {
  const names = consumers.map(({ name }) => name);
  const atEnd = consumers.map(({ startAt }) => startAt === 'end');
  await db.$executeRawUnsafe(REGISTER_CONSUMERS, names, atEnd);
}

const REGISTER_CONSUMERS = `
INSERT INTO event_consumers (name, position)
SELECT n.name, CASE WHEN n.at_end THEN (SELECT coalesce(max(e.position), 0) FROM order_events e) ELSE 0 END
FROM unnest($1::text[], $2::boolean[]) AS n(name, at_end)
ON CONFLICT (name) DO NOTHING`;

const LOG_END = 'CROSS JOIN (SELECT coalesce(max(e.position), 0) AS last FROM order_events e) l';

/** Reads without a lock and writes nothing, so that polls of an idle log cost two index lookups. */
export async function readProgress(db: Queryable, name: string): Promise<Progress> {
  const [row] = await db.$queryRawUnsafe<Progress[]>(READ_PROGRESS, name);
  if (row === undefined) throw new Error(`event_consumers has no row for ${name}`);
  return row;
}

const READ_PROGRESS = `SELECT c.position, l.last FROM event_consumers c ${LOG_END} WHERE c.name = $1`;

/**
 * Takes the lease if it is free, has ended, or is the holder's own.
 *
 * @returns null while another process has it, or has the row locked
 */
export async function acquireLease(
  db: Queryable,
  name: string,
  holder: string,
  leaseMs: number,
): Promise<Lease | null> {
  const [row] = await db.$queryRawUnsafe<Lease[]>(ACQUIRE_LEASE, name, holder, leaseMs);
  return row ?? null;
}

const ACQUIRE_LEASE = `
UPDATE event_consumers c
SET holder = $2, lease_until = clock_timestamp() + $3::int * interval '1 millisecond', token = c.token + 1
FROM (
  SELECT name FROM event_consumers
  WHERE name = $1 AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR holder = $2)
  FOR UPDATE SKIP LOCKED
) free
WHERE c.name = free.name
RETURNING c.name, c.token`;

/**
 * Locks the consumer's row for this transaction, with a short time-out so that a holder that hangs loses the lock.
 *
 * @returns null if another process has the lease
 */
export async function lockProgress(tx: Queryable, { name, token }: Lease): Promise<Progress | null> {
  const [row] = await tx.$queryRawUnsafe<Progress[]>(LOCK_PROGRESS, name, token);
  return row ?? null;
}

const LOCK_PROGRESS = `
SELECT c.position, l.last, set_config('idle_in_transaction_session_timeout', '2000', true)
FROM event_consumers c ${LOG_END}
WHERE c.name = $1 AND c.token = $2::bigint
FOR UPDATE OF c`;

/**
 * Moves the consumer forward, and ends the lease with `release`: one version of the row instead of two.
 *
 * @returns false if another process has the lease; then nothing has changed
 */
export async function advancePosition(
  db: Queryable,
  { name, token }: Lease,
  upTo: bigint,
  release: boolean,
): Promise<boolean> {
  return (await db.$executeRawUnsafe(ADVANCE_POSITION, name, token, upTo, release)) === 1;
}

const ADVANCE_POSITION = `
UPDATE event_consumers c
SET position = $3::bigint,
  event_at = greatest(c.event_at, (
    SELECT max(e.occurred_at) FROM order_events e WHERE e.position > c.position AND e.position <= $3::bigint
  )),
  holder = CASE WHEN $4 THEN NULL ELSE c.holder END,
  lease_until = CASE WHEN $4 THEN NULL ELSE c.lease_until END
WHERE c.name = $1 AND c.token = $2::bigint`;

/** Locks the consumer's row, after the batch in progress. */
export async function lockConsumer(tx: Queryable, name: string): Promise<void> {
  await tx.$queryRawUnsafe(LOCK_CONSUMER, name);
}

const LOCK_CONSUMER = 'SELECT 1 FROM event_consumers WHERE name = $1 FOR UPDATE';

/** Sets the position without a lease, and ends the present one: its token is out of date from here on. */
export async function resetPosition(
  db: Queryable,
  name: string,
  position: bigint,
  eventAt: Date | null,
): Promise<void> {
  await db.$executeRawUnsafe(RESET_POSITION, name, position, eventAt);
}

const RESET_POSITION = `
UPDATE event_consumers
SET position = $2::bigint, event_at = $3::timestamptz(3), token = token + 1, holder = NULL, lease_until = NULL
WHERE name = $1`;

export async function readConsumerPositions(db: Queryable): Promise<ConsumerPosition[]> {
  return db.$queryRawUnsafe<ConsumerPosition[]>(READ_CONSUMER_POSITIONS);
}

const READ_CONSUMER_POSITIONS = `
SELECT c.name, c.position, l.last - c.position AS lag,
  (SELECT extract(epoch FROM clock_timestamp() - e.occurred_at)::float8 * 1000
   FROM order_events e WHERE e.position = c.position + 1) AS "ageMs",
  CASE WHEN c.lease_until > clock_timestamp() THEN c.holder END AS holder
FROM event_consumers c ${LOG_END}
ORDER BY c.name`;
