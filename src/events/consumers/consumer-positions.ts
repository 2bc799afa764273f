import type { Queryable } from '../../database/database.js';
import type { ConsumerHold, EventConsumer } from './consumer.js';

/** How far a consumer is, and where the log ends. */
export interface Progress {
  readonly position: bigint;
  readonly last: bigint;
  /** The token of the latest lease. */
  readonly token: bigint;
  /** Why the consumer does not run until an operator acts; null if it runs. */
  readonly held: string | null;
  /** The largest token of the effects that held the consumer before. */
  readonly acceptedToken: bigint;
}

/** The right to run a consumer. It ends with its time, and at once when another process gets a larger token. */
export interface Lease {
  readonly name: string;
  readonly token: bigint;
}

/**
 * Adds rows for new consumers, at the position where they start. Known ones are left out before the insert: ON CONFLICT
 * waits for a transaction that updates the row, and the start of a server would fail by the lock time-out.
 */
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
WHERE NOT EXISTS (SELECT 1 FROM event_consumers c WHERE c.name = n.name)
ON CONFLICT (name) DO NOTHING`;

/** The end of the log, as the table `l` in a FROM clause. */
export const LOG_END = 'CROSS JOIN (SELECT coalesce(max(e.position), 0) AS last FROM order_events e) l';

/**
 * Reads without a lock and writes nothing, so that polls of an idle log cost two index lookups.
 *
 * @returns null if the database does not know the consumer
 */
export async function readProgress(db: Queryable, name: string): Promise<Progress | null> {
  const [row] = await db.$queryRawUnsafe<Progress[]>(READ_PROGRESS, name);
  return row ?? null;
}

const PROGRESS = 'c.position, l.last, c.token, c.held, c.accepted_token AS "acceptedToken"';

const READ_PROGRESS = `SELECT ${PROGRESS} FROM event_consumers c ${LOG_END} WHERE c.name = $1`;

/**
 * Reads where the log after a position ends, or has its first gap.
 *
 * @returns at most `upTo`
 */
export async function readDenseEnd(db: Queryable, after: bigint, upTo: bigint): Promise<bigint> {
  const [row] = await db.$queryRawUnsafe<{ end: bigint }[]>(READ_DENSE_END, after, upTo);
  return row?.end ?? after;
}

const READ_DENSE_END = `
SELECT coalesce(max(p.position), $1::bigint) AS "end"
FROM (
  SELECT e.position, row_number() OVER (ORDER BY e.position) AS place FROM order_events e
  WHERE e.position > $1::bigint AND e.position <= $2::bigint
) p
WHERE p.position = $1::bigint + p.place`;

/**
 * Takes the lease if it is free, has ended, or is the holder's own.
 *
 * @returns null while another process has it or has the row locked, and if the consumer is held
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
  WHERE name = $1 AND held IS NULL AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR holder = $2)
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
SELECT ${PROGRESS}, set_config('idle_in_transaction_session_timeout', '2000', true)
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

/** Ends a lease before its time. */
export async function releaseLease(db: Queryable, { name, token }: Lease): Promise<void> {
  await db.$executeRawUnsafe(RELEASE_LEASE, name, token);
}

const RELEASE_LEASE = `
UPDATE event_consumers SET holder = NULL, lease_until = NULL WHERE name = $1 AND token = $2::bigint`;

/** Locks the consumer's row, after the batch in progress. */
export async function lockConsumer(tx: Queryable, name: string): Promise<void> {
  await tx.$queryRawUnsafe(LOCK_CONSUMER, name);
}

const LOCK_CONSUMER = 'SELECT 1 FROM event_consumers WHERE name = $1 FOR UPDATE';

/**
 * Stops the consumer until an operator acts, if no process has taken a lease since `token` was read. The next token is
 * larger than `seenToken`: tokens also grow across a restore of the database.
 *
 * @returns whether this call has stopped it
 */
export async function holdConsumer(
  db: Queryable,
  { name, token }: Lease,
  seenToken: bigint,
  { message, acceptedToken }: Pick<ConsumerHold, 'message' | 'acceptedToken'>,
): Promise<boolean> {
  return (await db.$executeRawUnsafe(HOLD_CONSUMER, name, token, seenToken, message, acceptedToken)) === 1;
}

const HOLD_CONSUMER = `
UPDATE event_consumers c
SET held = $4, token = greatest(c.token, $3::bigint, $5::bigint) + 1, accepted_token = greatest(c.accepted_token, $5::bigint),
  holder = NULL, lease_until = NULL
WHERE c.name = $1 AND c.token = $2::bigint AND c.held IS NULL`;

/** Lets a held consumer run again. @returns false if it was not held */
export async function resumeConsumer(db: Queryable, name: string): Promise<boolean> {
  return (await db.$executeRawUnsafe(RESUME_CONSUMER, name)) === 1;
}

const RESUME_CONSUMER = `
UPDATE event_consumers SET held = NULL, token = token + 1 WHERE name = $1 AND held IS NOT NULL`;

/** Sets the position without a lease, lets a held consumer run again, and ends the present lease: its token is out of date. */
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
SET position = $2::bigint, event_at = $3::timestamptz(3), token = token + 1, holder = NULL, lease_until = NULL, held = NULL
WHERE name = $1`;
