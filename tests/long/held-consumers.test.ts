import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ConsumerHold, type EventConsumer } from '../../src/events/consumers/consumer.js';
import { resumeConsumer } from '../../src/events/consumers/consumer-positions.js';
import { startConsumers } from '../../src/events/consumers/consumer-runner.js';
import { moveConsumer } from '../../src/events/consumers/move-consumer.js';
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
import { serverForTest, storeForTest, useDatabase } from '../support/fixture.js';
import { insertCreated, randomIds } from '../support/rows.js';

/* Consumers of a log that was rewound, or that has a gap. tests/faults restores whole databases. */

const WAIT = { timeout: 20_000 };

const database = useDatabase({ scope: 'test' });

beforeEach(async () => {
  await database.sql(CREATE_CONSUMED);
});

const open = (poolSize = 4) => storeForTest(database, { poolSize });

async function writeEvents(count: number): Promise<void> {
  await insertCreated(database, randomIds(count), new Date(Date.now() - 60_000));
  await createEventLog(open()).sequence(count, null);
}

interface Row {
  readonly position: string;
  readonly token: string;
  readonly held: string | null;
}

async function rowOf({ name }: EventConsumer): Promise<Row | undefined> {
  const [row] = await database.sql<Row>('SELECT position, token, held FROM event_consumers WHERE name = $1', [name]);
  return row;
}

/** Sets the database back to the end of the log and the row of a consumer that it had earlier. */
async function rewind(last: number, { name }: EventConsumer, row: Row | undefined): Promise<void> {
  await database.sql('DELETE FROM order_events WHERE position > $1', [last]);
  const values = [name, row?.position, row?.token];
  await database.sql('UPDATE event_consumers SET position = $2, token = $3, held = NULL WHERE name = $1', values);
}

const RESTORED = expect.stringMatching(/^The database was restored to an earlier state: its position is /) as string;

test.each([
  { name: 'ends earlier', regrown: 0 },
  { name: 'has grown again', regrown: 20 },
])('an external consumer is held if the log was rewound and $name', async ({ regrown }) => {
  const own = processOn(open());
  const { consumer, positions } = externalConsumer();
  await writeEvents(10);
  await turn(consumer, own);
  const earlier = await rowOf(consumer);
  await writeEvents(10);
  expect(await turn(consumer, own)).toBe(1);

  await rewind(10, consumer, earlier);
  await writeEvents(regrown);
  expect(await turnOf(consumer, own)).toEqual({ batches: 0, held: RESTORED });
  await writeEvents(20);
  expect(await turnOf(consumer, own)).toEqual({ batches: 0, held: RESTORED });
  expect(await turnOf(consumer, processOn(open()))).toEqual({ batches: 0, held: RESTORED }); // also by another process
  expect(positions()).toEqual(upTo(20));
  expect(await rowOf(consumer)).toMatchObject({ position: '10', held: RESTORED });
});

test('an external consumer is held if only the events before its position have changed', async () => {
  const own = processOn(open());
  const { consumer, positions } = externalConsumer();
  await writeEvents(20);
  await turn(consumer, own);
  await rewind(10, consumer, await rowOf(consumer)); // the row keeps its position and token
  await writeEvents(15);
  expect(await turnOf(consumer, own)).toEqual({ batches: 0, held: RESTORED });
  expect(positions()).toEqual(upTo(20));
});

test('an external consumer whose events are still in the restored log continues', async () => {
  const own = processOn(open());
  const { consumer, positions } = externalConsumer();
  await writeEvents(10);
  await turn(consumer, own);
  await writeEvents(10);
  await rewind(15, consumer, await rowOf(consumer)); // for example, the other system was down
  await writeEvents(5);
  expect(await turn(consumer, own)).toBe(1);
  expect(positions()).toEqual(upTo(20));
});

test('a process that has seen the consumer in another process holds it, too', async () => {
  const [runs, watches] = [processOn(open()), processOn(open())];
  const { consumer } = externalConsumer();
  await writeEvents(10);
  await turn(consumer, runs);
  const earlier = await rowOf(consumer);
  await writeEvents(10);
  await turn(consumer, runs);
  expect(await turn(consumer, watches)).toBe(0);
  await rewind(10, consumer, earlier);
  expect(await turnOf(consumer, watches)).toMatchObject({ held: RESTORED });
});

test('a transactional consumer of a restored database continues', async () => {
  const own = processOn(open());
  await writeEvents(10);
  await turn(tableConsumer(), own);
  const earlier = await rowOf(tableConsumer());
  await writeEvents(10);
  await turn(tableConsumer(), own);
  await rewind(10, tableConsumer(), earlier);
  await database.sql('DELETE FROM consumed WHERE position > 10'); // its table is restored, too
  await writeEvents(12);
  expect(await turn(tableConsumer(), own)).toBe(2);
  expect(await database.sql('SELECT count(*)::int AS count, max(times) AS times FROM consumed')).toEqual([
    { count: 22, times: 1 },
  ]);
});

test('processes that run an external consumer in turn do not hold it', async () => {
  const processes = [processOn(open()), processOn(open()), processOn(open())];
  const { consumer, positions } = externalConsumer();
  for (let round = 0; round < 12; round += 1) {
    await writeEvents(3);
    const own = processes[round % 3];
    if (own !== undefined) expect(await turnOf(consumer, own)).toEqual({ batches: 1, held: null });
  }
  expect(positions()).toEqual(upTo(36));
});

test('a consumer that another process has advanced meanwhile does not repeat events', async () => {
  const [one, other] = [processOn(open()), processOn(open())];
  const { consumer, positions } = externalConsumer();
  await writeEvents(10);
  const { eventLog } = one;
  let isFirst = true;
  const slow = {
    ...one,
    eventLog: {
      ...eventLog,
      async pointAt(position: bigint) {
        if (isFirst) {
          isFirst = false;
          await turn(consumer, other);
          await writeEvents(5);
        }
        return eventLog.pointAt(position);
      },
    },
  };
  expect(await turn(consumer, slow)).toBe(1);
  expect(positions()).toEqual(upTo(15));
});

test('a handler can hold its consumer', async () => {
  const own = processOn(open());
  await writeEvents(10);
  const reason = 'The topic has events that the log does not have.';
  const { consumer } = externalConsumer(() => Promise.reject(new ConsumerHold(reason)));
  expect(await turnOf(consumer, own)).toEqual({ batches: 0, held: reason });
  expect(await rowOf(consumer)).toMatchObject({ position: '0', held: reason });
  const table = tableConsumer(() => Promise.reject(new ConsumerHold(reason)));
  expect(await turnOf(table, own)).toEqual({ batches: 0, held: reason });
});

test('a held consumer resumes at its position, or continues at another one', async () => {
  const store = open();
  const own = processOn(store);
  const { consumer, positions } = externalConsumer();
  await writeEvents(20);
  await turn(consumer, own);
  const hold = async () => {
    await rewind(15, consumer, { position: '5', token: '0', held: null });
    expect(await turnOf(consumer, own)).toMatchObject({ held: RESTORED });
  };
  await hold();
  expect(await resumeConsumer(store.prisma, consumer.name)).toBe(true);
  expect(await resumeConsumer(store.prisma, consumer.name)).toBe(false);
  expect(await turn(consumer, own)).toBe(1);
  expect(positions()).toEqual([...upTo(20), ...upTo(15).slice(5)]);

  await hold();
  expect(await moveConsumer(store, consumer, 16n)).toBe(15n); // rejected
  expect(await turnOf(consumer, own)).toMatchObject({ held: RESTORED });
  expect(await moveConsumer(store, consumer, 12n)).toBe(15n);
  expect(await turn(consumer, own)).toBe(1);
  expect(positions().slice(-3)).toEqual([13n, 14n, 15n]);
  await moveConsumer(store, consumer, 0n);
  await moveConsumer(store, consumer, 'end');
  expect(await turn(consumer, own)).toBe(0);
});

test('each process logs a hold and its end once; the other consumers continue', async () => {
  const lines: { readonly level: number; readonly consumer?: string; readonly reason?: string }[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const store = open(8);
  const external = externalConsumer();
  await writeEvents(20);
  const { leaseMs: _, memory: __, ...dependencies } = processOn(store);
  const runner = await startConsumers({
    ...dependencies,
    consumers: [tableConsumer(), external.consumer],
    pollMs: 10,
    log,
  });
  onTestFinished(() => runner.close());
  await expect.poll(external.positions, WAIT).toHaveLength(20);
  await expect.poll(async () => (await rowOf(tableConsumer()))?.position, WAIT).toBe('20');
  await rewind(20, external.consumer, { position: '10', token: '1', held: null });
  await expect.poll(() => lines.length, WAIT).toBe(1);
  await writeEvents(10);
  await expect.poll(async () => (await rowOf(tableConsumer()))?.position, WAIT).toBe('30');
  expect(lines).toMatchObject([{ level: 50, consumer: 'test-external', reason: RESTORED }]);
  expect(external.positions()).toHaveLength(20);
  await resumeConsumer(store.prisma, external.consumer.name);
  await expect.poll(external.positions, WAIT).toEqual([...upTo(20), ...upTo(30).slice(10)]);
  expect(lines).toMatchObject([{ level: 50 }, { level: 30, consumer: 'test-external' }]);
});

test('no consumer passes a gap or takes a lease before it', async () => {
  const own = processOn(open());
  const { consumer, positions } = externalConsumer();
  await writeEvents(25);
  await database.sql('UPDATE order_events SET position = 1000 WHERE position = 14');
  await database.sql('UPDATE order_events SET position = NULL WHERE position = 1000');
  expect(await turn(consumer, own)).toBe(2);
  expect(await turn(tableConsumer(), own)).toBe(2);
  expect(positions()).toEqual(upTo(13));
  const rows = async () => [await rowOf(consumer), await rowOf(tableConsumer())];
  expect(await rows()).toMatchObject([{ position: '13' }, { position: '13' }]);
  const before = await rows();
  expect([await turn(consumer, own), await turn(tableConsumer(), own)]).toEqual([0, 0]);
  expect(await rows()).toEqual(before);
  await database.sql('UPDATE order_events SET position = 14 WHERE position IS NULL');
  expect([await turn(consumer, own), await turn(tableConsumer(), own)]).toEqual([2, 2]);
  expect(positions()).toEqual(upTo(25));
  expect(await database.sql('SELECT count(*)::int AS count FROM consumed')).toEqual([{ count: 25 }]);
});

test('/ready shows the consumers of the server and stays ready while one is held', async () => {
  const { url } = await serverForTest(database, { EVENTS_POLL_MS: '60000', ALLOWED_HOSTS: 'localhost,127.0.0.1' });
  const address = new URL('/ready', url);
  const ready = async () => {
    const response = await fetch(address);
    return [response.status, await response.json()];
  };
  await writeEvents(3);
  await database.sql("UPDATE event_consumers SET position = 1, held = 'a reason' WHERE name = 'order-statistics'");
  await database.sql("INSERT INTO event_consumers (name) VALUES ('not-of-this-server')");
  const ageMs = expect.closeTo(60_000, -5) as number;
  const consumers = [{ name: 'order-statistics', position: 1, lag: 2, ageMs, held: 'a reason' }];
  await expect.poll(ready, WAIT).toEqual([200, { status: 'ok', parts: {}, consumers }]);
  await database.sql('ALTER TABLE event_consumers RENAME TO other');
  await expect.poll(ready, WAIT).toEqual([200, { status: 'ok', parts: {}, consumers: null }]);
});
