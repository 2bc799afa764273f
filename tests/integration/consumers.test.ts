import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/database/database.js';
import type { ExternalConsumer, TransactionalConsumer } from '../../src/events/consumers/consumer.js';
import { readConsumerReports } from '../../src/events/consumers/consumer-report.js';
import { startConsumers } from '../../src/events/consumers/consumer-runner.js';
import { rebuildConsumer } from '../../src/events/consumers/rebuild-consumer.js';
import { createEventLog } from '../../src/store/event-log.js';
import {
  CREATE_CONSUMED,
  externalConsumer,
  processOn,
  tableConsumer,
  turn,
  turnOf,
  upTo,
} from '../support/consumers.js';
import { storeForTest, useDatabase } from '../support/fixture.js';
import { insertCreated, randomIds } from '../support/rows.js';

const log = pino({ level: 'silent' });
const WAIT = { timeout: 20_000 };

const database = useDatabase({ scope: 'test' });

beforeEach(async () => {
  await database.sql(CREATE_CONSUMED);
});

const open = (poolSize = 4) => storeForTest(database, { poolSize, preparedStatements: poolSize > 1 });

async function writeEvents(count: number): Promise<void> {
  await insertCreated(database, randomIds(count), new Date(Date.now() - 60_000));
  await createEventLog(open()).sequence(count, null);
}

async function consumed(): Promise<readonly object[]> {
  return database.sql('SELECT position::int, times FROM consumed ORDER BY position');
}

const once = (last: number) => upTo(last).map((position) => ({ position: Number(position), times: 1 }));

async function positionOf(name: string): Promise<number | undefined> {
  const [row] = await database.sql<{ position: number }>('SELECT position::int FROM event_consumers WHERE name = $1', [
    name,
  ]);
  return row?.position;
}

async function endOf(work: Promise<unknown>): Promise<'done' | 'failed'> {
  try {
    await work;
    return 'done';
  } catch {
    return 'failed';
  }
}

function beforeTransactions(store: Database, wait: () => Promise<void>): void {
  const transaction = store.prisma.$transaction.bind(store.prisma) as (...args: unknown[]) => Promise<unknown>;
  Object.defineProperty(store.prisma, '$transaction', {
    value: async (...args: unknown[]) => {
      await wait();
      return transaction(...args);
    },
  });
}

/** A step that waits until `end` is called. */
function pause() {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  onTestFinished(() => end());
  const once = async () => {
    begin();
    await ended;
  };
  return { began, end, once };
}

test('one of several runners at a time handles events, each once and in order', async () => {
  const external = externalConsumer();
  const runners = await Promise.all(
    [1, 2, 3].map(async () => {
      const { leaseMs: _, memory: __, ...dependencies } = processOn(open());
      const consumers = [tableConsumer(), external.consumer];
      return startConsumers({ ...dependencies, consumers, pollMs: 10, log });
    }),
  );
  for (let round = 0; round < 5; round += 1) {
    await writeEvents(50);
    for (const runner of runners) runner.eventsLogged(50);
  }
  await expect.poll(() => positionOf('test-table'), WAIT).toBe(250);
  await expect.poll(() => positionOf('test-external'), WAIT).toBe(250);
  await Promise.all(runners.map((runner) => runner.close()));
  expect(await consumed()).toEqual(once(250));
  expect(external.positions()).toEqual(upTo(250));
  const tokens = external.received.map(({ token }) => token);
  expect(tokens).toEqual(tokens.toSorted((a, b) => Number(a - b)));
});

test('a second process takes over after the lease of a dead holder has expired', async () => {
  await writeEvents(30);
  const [dead, other] = [processOn(open(), 2_000), processOn(open())];
  const killed = externalConsumer(() => Promise.reject(new Error('the process has died')));
  await expect(turn(killed.consumer, dead)).rejects.toThrow('the process has died');
  const successor = externalConsumer();
  expect(await turn(successor.consumer, other)).toBe(0);
  const began = performance.now();
  await expect.poll(() => turn(successor.consumer, other), WAIT).toBe(3);
  expect(performance.now() - began).toBeGreaterThan(500);
  expect(successor.positions()).toEqual(upTo(30));
});

test('a process repeats its failed batch under its own lease', async () => {
  await writeEvents(20);
  const own = processOn(open());
  let calls = 0;
  const external = externalConsumer(async () => {
    calls += 1;
    if (calls === 1) throw new Error('not acknowledged');
  });
  await expect(turn(external.consumer, own)).rejects.toThrow('not acknowledged');
  expect(await positionOf('test-external')).toBe(0);
  expect(await turn(external.consumer, own)).toBe(2);
  expect(external.positions()).toEqual([...upTo(10), ...upTo(20)]);
});

test('a paused holder of an external consumer does not advance after another process has its lease', async () => {
  await writeEvents(10);
  const step = pause();
  const paused = externalConsumer(step.once);
  const ended = turn(paused.consumer, processOn(open(), 1_000));
  await step.began;
  const other = externalConsumer();
  await expect.poll(() => turn(other.consumer, processOn(open())), WAIT).toBe(1);
  await writeEvents(10);
  await database.sql("UPDATE event_consumers SET position = 4 WHERE name = 'test-external'"); // any other position
  step.end();
  await expect(ended).rejects.toThrow('Another process has taken the lease of consumer test-external.');
  expect(await positionOf('test-external')).toBe(4);
  expect(paused.received[0]?.token).toBeLessThan(other.received[0]?.token ?? 0n);
});

test('the transaction of a paused holder of a transactional consumer fails, so its batch takes effect once', async () => {
  await writeEvents(10);
  const step = pause();
  const ended = turn(tableConsumer(step.once), processOn(open(), 50));
  await step.began;
  const other = processOn(open());
  await expect.poll(() => turn(tableConsumer(), other), WAIT).toBe(1);
  step.end();
  expect(await endOf(ended)).toBe('failed');
  expect(await consumed()).toEqual(once(10));
});

test('a holder paused before its transaction writes nothing after another process has its lease', async () => {
  await writeEvents(10);
  const store = open();
  const step = pause();
  beforeTransactions(store, step.once);
  const ended = turn(tableConsumer(), processOn(store, 50));
  await step.began;
  await expect.poll(() => turn(tableConsumer(), processOn(open())), WAIT).toBe(1);
  await writeEvents(10);
  step.end();
  await expect(ended).rejects.toThrow('Another process has taken the lease of consumer test-table.');
  expect(await consumed()).toEqual(once(10));
});

test('the signal of a delivery is aborted when the lease ends', async () => {
  await writeEvents(10);
  const { consumer } = externalConsumer();
  const waiting: ExternalConsumer = {
    ...consumer,
    handle: (_events, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      }),
  };
  await expect(turn(waiting, processOn(open(), 500))).rejects.toThrow('aborted');
});

test('an idle consumer writes nothing; a turn writes its row once for the lease and once for each batch', async () => {
  const own = processOn(open());
  const consumer = tableConsumer();
  const versionOf = async () => (await database.sql("SELECT xmin FROM event_consumers WHERE name = 'test-table'"))[0];
  expect(await turn(consumer, own)).toBe(0);
  const before = await versionOf();
  for (let poll = 0; poll < 3; poll += 1) expect(await turn(consumer, own)).toBe(0);
  expect(await versionOf()).toEqual(before);
  await writeEvents(25);
  expect(await turn(consumer, own)).toBe(3);
  const [row] = await database.sql(
    "SELECT holder, lease_until, token::int FROM event_consumers WHERE name = 'test-table'",
  );
  expect(row).toEqual({ holder: null, lease_until: null, token: 1 });
});

test('a consumer reports its position, lag and age', async () => {
  const own = processOn(open());
  await writeEvents(10);
  await turn(tableConsumer(), own);
  await writeEvents(15);
  const report = async () => (await readConsumerReports(own.database.prisma)).find(({ name }) => name === 'test-table');
  const behind = await report();
  expect(behind).toMatchObject({ name: 'test-table', position: 10n, lag: 15n, holder: null });
  expect(behind?.ageMs).toBeGreaterThan(59_000);
  await turn(tableConsumer(), own);
  expect(await report()).toMatchObject({ position: 25n, lag: 0n, ageMs: null });
});

test('a transactional consumer ahead of the log is held until it is rebuilt', async () => {
  const own = processOn(open());
  await writeEvents(10);
  await turn(tableConsumer(), own);
  await database.sql('DELETE FROM order_events WHERE position > 6');
  const held = expect.stringContaining('The log ends at position 6, but this consumer has handled the events up to 10');
  expect(await turnOf(tableConsumer(), own)).toMatchObject({ batches: 0, held });
  expect(await rebuildConsumer(open(1), tableConsumer())).toBe(6n);
  expect(await consumed()).toEqual(once(6));
  expect(await turn(tableConsumer(), own)).toBe(0);
});

test('a rebuild replaces all rows atomically while events arrive and the consumer runs', async () => {
  await writeEvents(55);
  const own = processOn(open());
  await turn(tableConsumer(), own);
  await database.sql('UPDATE consumed SET times = 7; INSERT INTO consumed (position) VALUES (-1)');
  const sums = new Set<number>();
  const read = async () => {
    const [row] = await database.sql<{ events: number; times: number; position: number }>(
      `SELECT count(*)::int AS events, sum(times)::int AS times,
         (SELECT position::int FROM event_consumers WHERE name = 'test-table') AS position FROM consumed`,
    );
    const { events = 0, times = 0, position = 0 } = row ?? {};
    const isOld = events === position + 1 && times === 55 * 7 + 1 + (position - 55);
    sums.add(isOld ? 0 : times - position); // also 0 if each event up to the position is counted once
    return { isOld };
  };
  let batches = 0;
  const slow = tableConsumer(async () => {
    batches += 1;
    await read();
    if (batches % 2 === 0) return;
    await writeEvents(5); // the log grows by half a batch during each batch
    if (batches < 6) await turn(tableConsumer(), own);
  });
  const position = await rebuildConsumer(open(1), slow);
  expect(batches).toBeGreaterThan(6);
  expect(await read()).toEqual({ isOld: false });
  expect(await consumed()).toEqual(once(Number(position)));
  await writeEvents(5);
  expect(await turn(tableConsumer(), own)).toBeGreaterThan(0);
  expect(await consumed()).toEqual(once((await positionOf('test-table')) ?? 0));
  expect([...sums]).toEqual([0]);
});

test('a rebuild waits for the current batch before it replaces the rows', async () => {
  await writeEvents(30);
  const step = pause();
  const consumer = tableConsumer();
  const paused: TransactionalConsumer = {
    ...consumer,
    async handle(tx, range) {
      await consumer.handle(tx, range);
      if (range.after === 10n) await step.once();
    },
  };
  const ended = turn(paused, processOn(open()));
  await step.began;
  const end = endOf(ended); // the turn fails, unless its next batch gets the lock before the rebuild
  const rebuilt = rebuildConsumer(open(1), consumer);
  const blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await expect.poll(() => database.sql(blocked), WAIT).toHaveLength(1);
  step.end();
  expect(await rebuilt).toBe(30n);
  await end;
  expect(await consumed()).toEqual(once(30));
});

test('a rebuild ends the lease of a holder during its turn', async () => {
  await writeEvents(10);
  const step = pause();
  const ended = turn(externalConsumer(step.once).consumer, processOn(open()));
  await step.began;
  const again = externalConsumer();
  expect(await rebuildConsumer(open(1), again.consumer)).toBe(0n);
  step.end();
  await expect(ended).rejects.toThrow('Another process has taken the lease');
  expect(await turn(again.consumer, processOn(open()))).toBe(1);
  expect(again.positions()).toEqual(upTo(10));
});

test('a rebuild with a replaced connection does not write to the live tables', async () => {
  await writeEvents(30);
  await turn(tableConsumer(), processOn(open()));
  const store = open(1);
  let transactions = 0;
  beforeTransactions(store, async () => {
    transactions += 1;
    if (transactions !== 2) return;
    await database.sql(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'test' AND state = 'idle'`,
    );
    await expect.poll(() => store.prisma.$queryRawUnsafe('SELECT 1').catch(() => null), WAIT).not.toBeNull();
  });
  await expect(rebuildConsumer(store, tableConsumer())).rejects.toThrow('"pg_temp.consumed" does not exist');
  expect(await consumed()).toEqual(once(30));
});
