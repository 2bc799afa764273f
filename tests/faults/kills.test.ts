import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TestClient } from '../support/client.js';
import { connectTo, postgresOn, usedDataDir } from '../support/embedded.js';
import { startProcess, type ServerProcess } from '../support/process.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const WRITERS = 30;

/** In these rounds PostgreSQL is killed, too. */
const endsPostgres = (round: number) => round % 3 === 2;

/** An event: the order and its version. */
type EventKey = string;

const keyOf = ({ orderId, version }: { readonly orderId: string; readonly version: number }): EventKey =>
  `${orderId} ${version}`;

const STEPS = [
  'createOrder(input: {id: $id, items: [{name: "Tea", quantity: 1, unitPrice: "4.50"}]})',
  'updateOrder(input: {id: $id, expectedVersion: 1, notes: "by the door"})',
  'updateOrderStatus(input: {id: $id, status: CONFIRMED})',
  'updateOrderStatus(input: {id: $id, status: SHIPPED})',
  'cancelOrder(input: {id: $id, reason: CUSTOMER})', // rejected: nothing is stored
  'deleteOrder(input: {id: $id})',
];

/** The version of the last step. */
const DELETION = 5;

/** What the clients of the server know. */
interface Known {
  /** Events whose changes were acknowledged. */
  readonly acknowledged: Set<EventKey>;
  /** The number of changes without a response. */
  unknown: number;
}

/** Stores orders and their changes until the server is gone. */
async function writeUntilKilled(client: TestClient, known: Known): Promise<void> {
  for (;;) {
    const id = randomUUID();
    for (const step of STEPS) {
      const fields = step.startsWith('deleteOrder') ? 'deletedOrderId' : 'order { version }';
      const mutation = `mutation ($id: ID!) { change: ${step} { ${fields} userErrors { code } } }`;
      try {
        const { change } = await client.get<{ change: Change }>(mutation, { id });
        const version = change.order?.version ?? (change.deletedOrderId === id ? DELETION : null);
        if (version !== null) known.acknowledged.add(keyOf({ orderId: id, version }));
      } catch {
        known.unknown += 1; // the server was killed during the request, or before
        return;
      }
    }
  }
}

interface Change {
  readonly order?: { readonly version: number } | null;
  readonly deletedOrderId?: string | null;
}

interface Received {
  readonly orderId: string;
  readonly version: number;
  readonly resumeCursor: string;
}

const SUBSCRIPTION = `subscription ($after: String) { orderChanged(after: $after) { orderId version resumeCursor } }`;

/** A subscriber that resumes behind the last event that it has received. */
function createSubscriber() {
  const seen: Received[] = [];
  return {
    seen,
    /** Resolves when the subscription has started. */
    async follow(client: TestClient) {
      const after = seen.at(-1)?.resumeCursor;
      const subscription = await client.subscribe<{ orderChanged: Received }>(SUBSCRIPTION, { after });
      const take = () => seen.push(...subscription.seen.slice(taken).map(({ orderChanged }) => orderChanged));
      let taken = 0;
      void subscription
        .until(({ length }) => {
          take();
          taken = length;
          return false;
        }, 600_000)
        .catch(() => undefined); // its time-out, after the test
      return subscription;
    },
  };
}

const PAGE = `query ($after: String) {
  orderEvents(first: 100, after: $after) { nodes { orderId version resumeCursor } pageInfo { endCursor } }
}`;

interface Page {
  readonly orderEvents: {
    readonly nodes: readonly Received[];
    readonly pageInfo: { readonly endCursor: string | null };
  };
}

/** A client that reads the log by pages, and goes on where it was. */
function createPager() {
  const seen: Received[] = [];
  let after: string | null = null;
  return {
    seen,
    async read(client: TestClient) {
      const { orderEvents }: Page = await client.get<Page>(PAGE, { after });
      seen.push(...orderEvents.nodes);
      after = orderEvents.pageInfo.endCursor;
    },
  };
}

async function readUntilKilled(pager: ReturnType<typeof createPager>, client: TestClient): Promise<void> {
  for (;;) {
    try {
      await pager.read(client);
    } catch {
      return;
    }
    await sleep(20);
  }
}

async function kill(server: ServerProcess, dataDir: string, round: number): Promise<void> {
  if (endsPostgres(round)) for (const pid of postgresOn(dataDir)) process.kill(pid, 'SIGKILL');
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
}

interface Row {
  readonly orderId: string;
  readonly version: number;
  readonly position: string | null;
}

test('after kills under a write load, every acknowledged change is in the log and every reader sees each event once', async () => {
  const dataDir = await usedDataDir();
  const known: Known = { acknowledged: new Set(), unknown: 0 };
  const [subscriber, pager] = [createSubscriber(), createPager()];
  let received = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await startProcess({ DATA_DIR: dataDir });
    const subscription = await subscriber.follow(server);
    const work = Array.from({ length: WRITERS }, () => writeUntilKilled(server, known));
    const paging = readUntilKilled(pager, server);
    const before = known.acknowledged.size;
    await expect.poll(() => known.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + 100);
    await sleep(Math.random() * 500);
    await kill(server, dataDir, round);
    await Promise.all([...work, paging, subscription.ended]);
    expect(subscription.errors).toEqual([]);
    expect(subscriber.seen.length).toBeGreaterThan(received);
    received = subscriber.seen.length;
  }

  const server = await startProcess({ DATA_DIR: dataDir });
  const subscription = await subscriber.follow(server);
  const database = await connectTo(dataDir);
  const readLog = async () => {
    const sql = 'SELECT order_id AS "orderId", version, position FROM order_events ORDER BY position';
    return (await database.query<Row>(sql)).rows;
  };
  await expect
    .poll(async () => (await readLog()).filter(({ position }) => position === null), { timeout: 60_000 })
    .toEqual([]);
  const log = await readLog();
  await expect.poll(() => subscriber.seen.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(log.length);
  for (let size = -1; size < pager.seen.length; await pager.read(server)) size = pager.seen.length;
  expect(subscription.errors).toEqual([]);

  expect(log.map(({ position }) => Number(position))).toEqual(log.map((_, index) => index + 1));
  const versions = new Map<string, number>();
  for (const { orderId, version } of log) {
    expect([orderId, version]).toEqual([orderId, (versions.get(orderId) ?? 0) + 1]);
    versions.set(orderId, version);
  }
  const logged = log.map(keyOf);
  const stored = new Set(logged);
  expect([...known.acknowledged].filter((key) => !stored.has(key))).toEqual([]);
  expect(log.some(({ version }) => version === DELETION)).toBe(true);
  expect(known.unknown).toBeGreaterThan(0);
  expect(subscriber.seen.map(keyOf)).toEqual(logged);
  expect(pager.seen.map(keyOf)).toEqual(logged);
  process.stdout.write(
    `${ROUNDS} kills: ${known.acknowledged.size} acknowledged changes, ${known.unknown} without a response, ${log.length} events\n`,
  );
});
