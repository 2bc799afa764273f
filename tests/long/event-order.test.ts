import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSequencer } from '../../src/events/sequencer.js';
import { startLogTailer } from '../../src/events/log-tailer.js';
import type { LoggedEvent } from '../../src/domain/order-event.js';
import type { Queryable } from '../../src/database/database.js';
import type { OrderStatus } from '../../src/domain/lifecycle.js';
import { createEventLog } from '../../src/store/event-log.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import { writeInTransaction } from '../../src/store/write-transaction.js';
import { assignPositions, lockSequencer } from '../../src/store/statements/sequence-events.js';
import { storeForTest, useDatabase } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
import { bookmarkAt } from '../../src/domain/bookmark.js';
import { callerOf } from '../support/caller.js';
import { transitionCommand } from '../support/commands.js';
import { insertCreated, insertEvents, randomIds } from '../support/rows.js';

/** 100,000 in the stage of the servers. */
const MANY_EVENTS = Number(process.env['MANY_EVENTS'] ?? 20_000);

const log = pino({ level: 'silent' });

const database = useDatabase({ scope: 'test' });
const open = () => storeForTest(database);

/** Starts the log tailer of a process. */
async function tail(pollMs = 20) {
  const eventLog = createEventLog(open());
  const seen: LoggedEvent[] = [];
  const tailer = await startLogTailer({
    eventLog,
    debounceMs: 0,
    pollMs,
    isWatched: () => true,
    publish: async (events) => void seen.push(...events),
    skipTo: () => undefined,
    rewindTo: () => undefined,
    onLogged: () => undefined,
    log,
  });
  onTestFinished(() => tailer.close());
  return { eventLog, seen, tailer };
}

/** Starts the sequencer and the log tailer of a process. @returns the events that the tailer has read */
async function startReader(pollMs = 20): Promise<readonly LoggedEvent[]> {
  const { eventLog, seen, tailer } = await tail(pollMs);
  const sequencer = startSequencer({ eventLog, debounceMs: 2, pollMs, onSequenced: () => tailer.wake(), log });
  onTestFinished(() => sequencer.close());
  return seen;
}

interface OpenWrite {
  readonly transition: (id: string, to: OrderStatus) => Promise<void>;
  readonly commit: () => Promise<void>;
}

/** A write transaction that stays open between its commands. */
async function beginWrite(): Promise<OpenWrite> {
  const began = Promise.withResolvers<Queryable>();
  const end = Promise.withResolvers<void>();
  const committed = open().prisma.$transaction(
    async (tx) => {
      began.resolve(tx);
      await end.promise;
    },
    { timeout: 20_000 },
  );
  const tx = await began.promise;
  return {
    async transition(id, to) {
      const options = { outcomeUnknown: false, lockTimeoutMs: null };
      const outcomes = await writeInTransaction(tx, [transitionCommand(id, to)], options);
      expect(outcomes).toMatchObject([{ kind: 'changed', changed: true }]);
    },
    async commit() {
      end.resolve();
      await committed;
    },
  };
}

/** Changes orders as a server does, one transaction for each change. */
function createWriter() {
  const options = { transactionTimeoutMs: 10_000, maxWaitMs: 5_000, onCommit: () => undefined, log };
  const writer = createBatchWriter(open(), options);
  return async (id: string, to: OrderStatus) => {
    const call = { command: transitionCommand(id, to), caller: callerOf(), outcomeUnknown: false };
    expect(await writer.write([call], { waited: false })).toMatchObject([{ kind: 'changed', changed: true }]);
  };
}

async function expectDenseLog(events: number): Promise<void> {
  const [row] = await database.sql<Record<string, number>>(
    `SELECT count(*)::int AS events, count(position)::int AS assigned, count(DISTINCT position)::int AS distinct,
      min(position)::int AS first, max(position)::int AS last
     FROM order_events`,
  );
  expect(row).toEqual({ events, assigned: events, distinct: events, first: 1, last: events });
  const outOfOrder = await database.sql(
    'SELECT 1 FROM order_events a JOIN order_events b USING (order_id) WHERE a.version < b.version AND a.position > b.position LIMIT 1',
  );
  expect(outOfOrder).toEqual([]);
}

describe('if a transaction changes an order after the commit of a transaction that started later', () => {
  test('every reader receives the events in version order without a gap, and an idle transaction does not delay them', async () => {
    const [x, y] = [randomUUID(), randomUUID()];
    await insertCreated(database, [x, y]);
    expect(await createEventLog(open()).sequence(2_000, null)).toBe(2);
    const readers = await Promise.all([startReader(), startReader()]);

    const idle = await database.connect();
    await idle.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await idle.query('SELECT pg_current_xact_id()'); // keeps a snapshot and an old transaction id
    const [a, b] = [await beginWrite(), await beginWrite()];
    await a.transition(y, 'CONFIRMED'); // A has its transaction id
    await b.transition(x, 'CONFIRMED');
    await b.commit();
    await a.transition(x, 'PROCESSING');
    await expect.poll(() => readers.map((seen) => seen.length), { timeout: 5_000 }).toEqual([1, 1]); // B changes the order before A commits
    await a.commit();

    await expect.poll(() => readers.map((seen) => seen.length), { timeout: 5_000 }).toEqual([3, 3]);
    for (const seen of readers) {
      expect(seen.filter((event) => event.orderId === x).map((event) => event.version)).toEqual([2, 3]);
      expect(seen.map((event) => event.position)).toEqual([3n, 4n, 5n]);
    }
    await idle.query('ROLLBACK');
    await expectDenseLog(5);
  });

  test('also after many events whose dead index entries an idle transaction retains', async () => {
    const idle = await database.connect();
    await idle.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await idle.query('SELECT pg_current_xact_id()');
    await insertCreated(database, randomIds(MANY_EVENTS));
    const store = createEventLog(open());
    while ((await store.sequence(2_000, null)) !== 0);
    const seen = await startReader();
    const x = randomUUID();
    await insertCreated(database, [x]);
    await createWriter()(x, 'CONFIRMED');
    await expect.poll(() => seen.map((event) => event.version), { timeout: 5_000 }).toEqual([1, 2]);
    await idle.query('ROLLBACK');
    await expectDenseLog(MANY_EVENTS + 2);
  }, 120_000);
});

test('four concurrent sequencers assign one position to each event, in version order for each order', async () => {
  const ids = randomIds(50);
  await insertCreated(database, ids);
  const readers = await Promise.all([startReader(), startReader(), startReader(), startReader()]);
  const statuses = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'] as const;
  const writers = Array.from({ length: 4 }, createWriter);
  await Promise.all(
    writers.map(async (transition, writer) => {
      const own = ids.filter((_, index) => index % writers.length === writer);
      for (const to of statuses) for (const id of own) await transition(id, to);
    }),
  );
  const all = ids.length * (1 + statuses.length);
  await expect.poll(async () => (await createEventLog(open()).end())?.position, { timeout: 10_000 }).toBe(BigInt(all));
  await expect
    .poll(() => readers.every((seen) => seen.at(-1)?.position === BigInt(all)), { timeout: 10_000 })
    .toBe(true);
  for (const seen of readers) {
    const first = seen[0]?.position ?? 0n;
    expect(seen.map((event) => event.position)).toEqual(seen.map((_, index) => first + BigInt(index)));
  }
  await expectDenseLog(all);
});

test('a sequencer killed between its update and its commit leaves no positions, and the others continue', async () => {
  await insertCreated(database, randomIds(20));
  const killed = await database.connect();
  await killed.query('BEGIN');
  const tx = {
    $queryRawUnsafe: async (text: string, ...values: unknown[]) => (await killed.query(text, values)).rows,
    $executeRawUnsafe: async (text: string, ...values: unknown[]) => (await killed.query(text, values)).rowCount ?? 0,
  } as never;
  expect(await lockSequencer(tx)).toBe(true);
  expect(await assignPositions(tx, 2_000, null)).toBe(20);

  const seen = await startReader();
  expect(await createEventLog(open()).sequence(2_000, null)).toBe('locked');
  (killed as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(20);
  await expectDenseLog(20);
});

test('a sequencer that hangs loses its lock after a timeout', async () => {
  await insertCreated(database, [randomUUID()]);
  const hung = await database.connect();
  await hung.query('BEGIN');
  await lockSequencer({ $queryRawUnsafe: async (text: string) => (await hung.query(text)).rows } as never);
  const seen = await startReader();
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1);
});

/** Longer than any of these tests. */
const NEVER_MS = 60_000;

function sequencerOf(pollMs: number) {
  const sequencer = startSequencer({
    eventLog: createEventLog(open()),
    debounceMs: 1,
    pollMs,
    onSequenced: () => {},
    log,
  });
  onTestFinished(() => sequencer.close());
  return sequencer;
}

const lastPosition = async () =>
  (await database.sql<{ last: number }>('SELECT max(position)::int AS last FROM order_events'))[0]?.last;

test('a full scan continues after a full batch without waiting for a poll', async () => {
  await insertCreated(database, randomIds(4_500));
  sequencerOf(NEVER_MS).wake([]);
  await expect.poll(lastPosition, { timeout: 20_000 }).toBe(4_500);
  await expectDenseLog(4_500);
});

test('more than one batch of events of committed orders is sequenced without a poll', async () => {
  const id = randomUUID();
  const sequencer = sequencerOf(NEVER_MS);
  await insertCreated(database, [randomUUID()]);
  sequencer.wake([]);
  await expect.poll(lastPosition, { timeout: 20_000 }).toBe(1); // the first full scan has ended
  await insertCreated(database, [id]);
  const updates = Array.from({ length: 2_099 }, (_, index) => ({ orderId: id, version: index + 2, type: 'UPDATED' }));
  await insertEvents(database, updates);
  sequencer.wake([id]);
  await expect.poll(lastPosition, { timeout: 20_000 }).toBe(2_101);
  await expectDenseLog(2_101);
});

test('a tailer continues after a full page without a poll and skips no event', async () => {
  const { eventLog, seen, tailer } = await tail(NEVER_MS);
  await insertCreated(database, randomIds(2_500));
  while ((await eventLog.sequence(2_000, null)) !== 0);
  tailer.wake();
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(2_500);
  expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => BigInt(index + 1)));
});

test('a tailer stops before a missing position and continues after it is assigned', async () => {
  const { eventLog, seen } = await tail();
  await insertCreated(database, randomIds(3));
  await eventLog.sequence(2_000, null);
  await expect.poll(() => seen.length).toBe(3);
  await insertCreated(database, randomIds(2));
  await database.sql(
    `UPDATE order_events e SET position = 5 WHERE (e.order_id, e.version) IN
       (SELECT order_id, version FROM order_events WHERE position IS NULL LIMIT 1)`,
  );
  const third = bookmarkAt(await eventLog.pointAt(3n));
  expect(await eventLog.readBehind(third, 10)).toEqual({ events: [], gapAt: 4n });
  expect(await eventLog.skipBehind(third, 10)).toMatchObject({ hasGap: true });
  await database.sql('UPDATE order_events SET position = 4 WHERE position IS NULL');
  await expect.poll(() => seen.map(({ position }) => position)).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(await eventLog.skipBehind(third, 10)).toEqual({ end: await eventLog.pointAt(5n), hasGap: false });
});

test('a failed full scan does not delay committed orders', async () => {
  const orphan = randomUUID();
  await insertCreated(database, [orphan]);
  const lockEvents = 'SELECT 1 FROM order_events WHERE order_id = $1 FOR UPDATE';
  const release = await holdLocks(database, (client) => client.query(lockEvents, [orphan])); // full scans wait for this lock
  const shortLocks = storeForTest(database, { lockTimeoutMs: 50 });
  const positions = async () =>
    (await database.sql<{ position: string | null }>('SELECT position FROM order_events ORDER BY occurred_at')).map(
      ({ position }) => position,
    );
  const sequencer = startSequencer({
    eventLog: createEventLog(shortLocks),
    debounceMs: 1,
    pollMs: 20, // so that the next full scan is always due
    onSequenced: () => {},
    log,
  });
  onTestFinished(() => sequencer.close());
  for (const expected of [
    [null, '1'],
    [null, '1', '2'],
    [null, '1', '2', '3'],
  ]) {
    const id = randomUUID();
    await insertCreated(database, [id]);
    sequencer.wake([id]);
    await expect.poll(positions, { timeout: 10_000 }).toEqual(expected);
  }
  await release();
  await expect.poll(positions, { timeout: 10_000 }).toEqual(['4', '1', '2', '3']); // the full scan is repeated
  await expectDenseLog(4);
});
