import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TestClient } from '../support/client.js';
import { usedDataDir } from '../support/embedded.js';
import { createdOrder, deleteOrder, transitionOrder } from '../support/order-requests.js';
import { freePort, startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { startSwallowingProxy } from '../support/swallowing-proxy.js';
import { startWatch, type Watcher } from '../support/watch.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const WRITERS = 5;

/** Starts servers on one data folder and one port. */
async function restartable(): Promise<() => Promise<ServerProcess>> {
  const env = { DATA_DIR: await usedDataDir(), PORT: String(await freePort()) };
  return () => startProcess(env);
}

async function cursorFile(): Promise<string> {
  return path.join(await temporaryFolder(), 'cursor');
}

/** Creates and changes orders until the server is gone. */
async function writeUntilKilled(client: TestClient): Promise<void> {
  try {
    for (;;) {
      const { id } = await createdOrder(client);
      await transitionOrder(client, { id, status: 'CONFIRMED' });
      await deleteOrder(client, { id });
    }
  } catch {
    // the server was killed
  }
}

async function writeAndKill(server: ServerProcess): Promise<void> {
  const writing = Promise.all(Array.from({ length: WRITERS }, () => writeUntilKilled(server)));
  await sleep(500 + Math.random() * 500);
  await server.end('SIGKILL');
  await writing;
}

/** All events of the log, in its order. */
async function readLog(client: TestClient): Promise<string[]> {
  const query = `query ($after: String) {
    orderEvents(first: 100, after: $after) { nodes { resumeCursor } pageInfo { endCursor hasNextPage } }
  }`;
  const cursors: string[] = [];
  for (let after: string | null = null; ;) {
    const { orderEvents }: LogPage = await client.get<LogPage>(query, { after });
    cursors.push(...orderEvents.nodes.map(({ resumeCursor }) => resumeCursor));
    if (!orderEvents.pageInfo.hasNextPage) return cursors;
    after = orderEvents.pageInfo.endCursor;
  }
}

interface LogPage {
  readonly orderEvents: {
    readonly nodes: readonly { readonly resumeCursor: string }[];
    readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
  };
}

const cursorsOf = (...watchers: readonly Watcher[]) =>
  watchers.flatMap((watcher) => watcher.events().map(({ resumeCursor }) => resumeCursor));

/** Creates an order, and waits until the watcher has printed the whole log and saved its last cursor. */
async function caughtUp(server: ServerProcess, watcher: Watcher, file: string): Promise<void> {
  const { id } = await createdOrder(server);
  await expect.poll(() => watcher.events().some(({ orderId }) => orderId === id), { timeout: 30_000 }).toBe(true);
  // Events that were committed before a kill can have positions behind that of the new order.
  const isAtEnd = async () => {
    const end = (await readLog(server)).at(-1);
    return [end === watcher.events().at(-1)?.resumeCursor, end === readFileSync(file, 'utf8').trim()];
  };
  await expect.poll(isAtEnd, { timeout: 30_000 }).toEqual([true, true]);
}

test('watch prints every event of the log once and in order, while the server is killed under load', async () => {
  const start = await restartable();
  const file = await cursorFile();
  let server = await start();
  const watcher = startWatch(['--cursor', file, '--url', server.url]);
  await expect.poll(watcher.stderr, { timeout: 20_000 }).toContain('watching all orders');
  for (let round = 0; round < ROUNDS; round += 1) {
    await writeAndKill(server);
    server = await start();
  }
  await caughtUp(server, watcher, file);
  expect(cursorsOf(watcher)).toEqual(await readLog(server));
  expect(watcher.stderr().match(/Retrying/g)?.length).toBeLessThanOrEqual(ROUNDS);
  watcher.kill('SIGINT');
  expect(await watcher.exited).toBe(0);
});

test('a new run of watch continues behind the cursor file: exactly after SIGINT, with repeated lines at most after a kill', async () => {
  const start = await restartable();
  const file = await cursorFile();
  const server = await start();
  const run = async (signal: NodeJS.Signals) => {
    const watcher = startWatch(['--cursor', file, '--url', server.url]);
    await expect.poll(watcher.stderr, { timeout: 20_000 }).toContain('watching all orders');
    const writing = new AbortController();
    const written = Promise.all(
      Array.from({ length: 3 }, async () => {
        while (!writing.signal.aborted) await createdOrder(server);
      }),
    );
    await expect.poll(() => watcher.events().length, { timeout: 20_000 }).toBeGreaterThan(50);
    watcher.kill(signal);
    await watcher.exited;
    writing.abort();
    await written;
    return watcher;
  };
  const [first, second] = [await run('SIGINT'), await run('SIGKILL')];
  const third = startWatch(['--cursor', file, '--url', server.url]);
  await caughtUp(server, third, file);
  const log = await readLog(server);
  const exact = cursorsOf(first, second);
  expect(exact).toEqual(log.slice(0, exact.length));
  const rest = cursorsOf(third);
  expect(rest).toEqual(log.slice(-rest.length));
  expect(exact.length + rest.length).toBeGreaterThanOrEqual(log.length);
});

test('watch misses nothing if the first connection is lost before the first event, also on an empty log', async () => {
  const start = await restartable();
  let server = await start();
  const watcher = startWatch(['--url', server.url]);
  for (let round = 0; round < 2; round += 1) {
    await expect.poll(() => watcher.stderr().match(/watching/g)?.length ?? 0, { timeout: 20_000 }).toBe(round + 1);
    const seen = watcher.events().length;
    watcher.kill('SIGSTOP'); // does not reconnect before the change
    await server.end('SIGKILL');
    server = await start();
    const { id } = await createdOrder(server);
    await transitionOrder(server, { id, status: 'CONFIRMED' });
    watcher.kill('SIGCONT');
    await expect.poll(() => watcher.events().length, { timeout: 30_000 }).toBe(seen + 2);
  }
  expect(cursorsOf(watcher)).toEqual(await readLog(server));
});

test('a new run of watch continues beyond the replay horizon, with a filter that has matched few events', async () => {
  const server = await startProcess({ DATA_DIR: await usedDataDir(), EVENTS_REPLAY_MAX: '20' });
  const file = await cursorFile();
  const run = () => startWatch(['--types', 'DELETED', '--cursor', file, '--url', server.url]);
  const saved = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : null);
  const cursors: (string | null)[] = [];
  const deleted: string[] = [];
  for (const count of [0, 1, 150]) {
    for (let index = 0; index < 30; index += 1) await createdOrder(server);
    for (let index = 0; index < count; index += 1) {
      const { id } = await createdOrder(server);
      await deleteOrder(server, { id });
      deleted.push(id);
    }
    const watcher = run();
    await expect.poll(watcher.stderr, { timeout: 20_000 }).toContain('watching all orders');
    const { id } = await createdOrder(server);
    await deleteOrder(server, { id });
    deleted.push(id);
    const printed = () => watcher.events().map(({ orderId }) => orderId);
    await expect.poll(() => printed().length).toBe(count + 1);
    watcher.kill('SIGINT');
    expect(await watcher.exited).toBe(0);
    expect(printed().toSorted()).toEqual(deleted.slice(-count - 1).toSorted());
    cursors.push(saved());
  }
  expect(new Set(cursors).size).toBe(3);
});

test('watch starts before the server, and finds a half-open connection', async () => {
  const start = await restartable();
  const server = await start();
  const proxy = await startSwallowingProxy(server.url);
  const port = await freePort();
  const early = startWatch(['--url', `http://127.0.0.1:${port}`]);
  const watcher = startWatch(['--url', proxy.url]);
  await expect.poll(watcher.stderr, { timeout: 20_000 }).toContain('watching all orders');
  const closed = proxy.swallow();
  const { id } = await createdOrder(server);
  const late = await startProcess({ DATA_DIR: await usedDataDir(), PORT: String(port) });
  await expect.poll(early.stderr, { timeout: 30_000 }).toMatch(/^No server responds at .* Retrying\.\nwatching all/);
  const other = await createdOrder(late);
  await expect.poll(() => early.events().map(({ orderId }) => orderId)).toEqual([other.id]);
  await closed;
  await expect.poll(() => watcher.events().map(({ orderId }) => orderId), { timeout: 45_000 }).toEqual([id]);
});

test('filters, types, a snapshot and a cursor select what watch prints', async () => {
  const server = await (await restartable())();
  const one = await createdOrder(server, { customerId: 'ada' });
  await createdOrder(server);
  await transitionOrder(server, { id: one.id, status: 'CONFIRMED' });
  const url = ['--url', server.url];
  const snapshot = startWatch(['--customer', 'ada', '--snapshot', ...url]);
  const versionsOf = (watcher: Watcher) => () =>
    watcher.events().map(({ orderId, version }) => `${orderId} ${version}`);
  await expect.poll(versionsOf(snapshot), { timeout: 20_000 }).toEqual([`${one.id} 2`]);
  const [created] = await readLog(server);
  const resumed = startWatch(['--after', created ?? '', ...url]);
  await expect.poll(versionsOf(resumed), { timeout: 20_000 }).toHaveLength(2); // two orders: their order in the log is not that of their commits
  const filtered = [
    startWatch(['--order', one.id, '--after', created ?? '', ...url]),
    startWatch(['--types', 'deleted,STATUS_CHANGED', '--after', created ?? '', ...url]),
    startWatch(['--to', 'CONFIRMED', '--after', created ?? '', ...url]),
  ];
  for (const watcher of filtered) await expect.poll(versionsOf(watcher), { timeout: 20_000 }).toEqual([`${one.id} 2`]);
  await deleteOrder(server, { id: one.id });
  const last = `${one.id} 3`;
  const expected = [[last], [last], []];
  for (const [index, watcher] of filtered.entries()) {
    await expect.poll(versionsOf(watcher)).toEqual([`${one.id} 2`, ...(expected[index] ?? [])]);
  }
});

test('watch ends with a sentence and a status for what cannot succeed later', async () => {
  const server = await startProcess({
    DATA_DIR: await usedDataDir(),
    EVENTS_REPLAY_MAX: '0',
    AUTH_JWT_SECRET: 'a secret of these tests with more than 32 bytes',
  });
  const open = await (await restartable())();
  await createdOrder(open);
  const url = ['--url', open.url];
  const file = path.join(await temporaryFolder(), 'no such folder', 'cursor');
  const restored = Buffer.from('["log","1000","00000000-1"]').toString('base64url');
  const cases: [readonly string[], number, RegExp][] = [
    [['--all'], 2, /^Unknown option '--all'.*\nUsage: npm run cli -- watch /s],
    [['--order'], 2, /\nUsage: /],
    [['--to', 'LOST', ...url], 2, /^--to must be a comma-separated list of PENDING, /],
    [['--to', 'SHIPPED', '--types', 'CREATED', ...url], 2, /^--to and --types exclude each other\./],
    [['--after', 'x', '--cursor', file, ...url], 2, /^--after and --cursor exclude each other\./],
    [['--url', 'ftp://127.0.0.1'], 2, /^--url must be a URL such as /],
    [['--order', 'x', ...url], 2, /orderId/],
    [['--after', 'x', ...url], 2, /^after must be a cursor of the event log\.\n$/],
    [['--snapshot', ...url], 2, /^snapshot requires orderId or customerId\.\n$/],
    [['--after', restored, ...url], 4, /^The event log does not have the event of the cursor/],
    [['--url', server.url], 3, /bearer token/i],
    [['--url', server.url, '--token', 'x', '--after', restored], 3, /Set --token\.\n$/],
    [['--cursor', file, ...url], 1, /^The cursor file .* failed: ENOENT/],
  ];
  for (const [words, status, text] of cases) {
    const watcher = startWatch(words);
    expect([words, await watcher.exited]).toEqual([words, status]);
    expect(watcher.stderr()).toMatch(text);
    expect(watcher.events()).toEqual([]);
  }
  expect(existsSync(file)).toBe(false);
});
