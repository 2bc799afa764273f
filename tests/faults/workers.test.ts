import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectTo, postgresOn, usedDataDir } from '../support/embedded.js';
import { failToStart, freePort, startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { startCaller, workersOf, type ConnectionCaller } from '../support/workers.js';
import { openWebsocket, type OpenWebsocket } from '../support/websocket.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const CALLERS = 8;
/** A series of crashes ends when a worker has been ready for this time. */
const STABLE_MS = 5_000;

async function startWorkers(env: Record<string, string> = {}): Promise<ServerProcess & { readonly dataDir: string }> {
  const dataDir = env['DATA_DIR'] ?? (await usedDataDir());
  return Object.assign(await startProcess({ DATA_DIR: dataDir, WORKERS: '2', ...env }), { dataDir });
}

/** Opens the connections one after the other, so that each worker gets every other one. */
async function startCallers(url: string): Promise<ConnectionCaller[]> {
  const callers: ConnectionCaller[] = [];
  while (callers.length < CALLERS) callers.push(await startCaller(url));
  return callers;
}

/** How often the server has logged the message. */
function countOf(server: ServerProcess, message: string): number {
  return server.output().split(`"msg":"${message}"`).length - 1;
}

async function storedIds(dataDir: string): Promise<ReadonlySet<string>> {
  const client = await connectTo(dataDir);
  const { rows } = await client.query<{ id: string }>('SELECT id FROM orders');
  return new Set(rows.map(({ id }) => id));
}

test('a killed worker fails only the requests of its own connections, loses no acknowledged order, and is replaced', async () => {
  const server = await startWorkers();
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = workersOf(server.pid);
    expect(before).toHaveLength(2);
    const callers = await startCallers(server.url);
    await sleep(200);
    process.kill(before[round % 2] ?? 0, 'SIGKILL');
    await expect.poll(() => countOf(server, 'a new worker serves'), { timeout: 60_000 }).toBe(round + 1);
    await sleep(200);
    await Promise.all(callers.map((each) => each.stop()));

    for (const { failures, wrong } of callers) {
      expect(wrong).toEqual([]);
      expect(failures.length).toBeLessThanOrEqual(1);
      for (const { code, reused } of failures) expect([code, reused]).toEqual(['ECONNRESET', true]);
    }
    const failed = callers.filter(({ failures }) => failures.length > 0);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(CALLERS / 2);
    acknowledged.push(...callers.flatMap((each) => each.acknowledged));
    await server.get('{ __typename }');
    if (round % 4 === 3) await sleep(STABLE_MS); // otherwise the kills are a series of crashes
  }
  const stored = await storedIds(server.dataDir);
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * CALLERS);
  expect(countOf(server, 'a worker crashed')).toBe(ROUNDS);
});

test('SIGTERM under load lets all workers finish the accepted requests', async () => {
  const server = await startWorkers({ SHUTDOWN_DELAY_MS: '500' });
  const workers = workersOf(server.pid);
  const callers = await startCallers(server.url);
  const ending = server.end('SIGTERM');
  await sleep(250);
  expect((await fetch(server.url.replace('graphql', 'ready'))).status).toBe(503);
  expect(await ending).toMatchObject({ code: 0 });
  await Promise.all(callers.map((each) => each.stop()));
  for (const { failures, wrong } of callers) {
    expect(wrong).toEqual([]);
    expect(failures.filter(({ reused }) => reused)).toEqual([]); // only new connections fail
  }
  expect(postgresOn(server.dataDir)).toEqual([]);
  for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');

  const next = await startWorkers({ DATA_DIR: server.dataDir });
  const stored = await storedIds(next.dataDir);
  expect(callers.flatMap(({ acknowledged }) => acknowledged).filter((id) => !stored.has(id))).toEqual([]);
});

test('workers that keep crashing end the server with a message, and PostgreSQL with it', async () => {
  const server = await startWorkers();
  const killing = setInterval(() => {
    for (const pid of workersOf(server.pid)) process.kill(pid, 'SIGKILL');
  }, 50);
  expect(await server.exited).toBe(1);
  clearInterval(killing);
  expect(server.output()).toContain('Workers crashed 6 times in a row.');
  expect(postgresOn(server.dataDir)).toEqual([]);
});

test('a supervisor that is killed leaves no worker behind', async () => {
  const server = await startWorkers();
  const workers = workersOf(server.pid);
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  await expect.poll(() => workers.filter((pid) => isRunning(pid))).toEqual([]);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('workers start on an empty data folder with one migration and one ready line', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const port = await freePort();
  const server = await startWorkers({ DATA_DIR: dataDir, PORT: String(port) });
  expect(server.url).toBe(`http://127.0.0.1:${port}/graphql`);
  expect(server.output().match(/^ready /gm)).toHaveLength(1);
  expect(server.output().match(/migrations applied/g)).toHaveLength(1);
  expect(workersOf(server.pid)).toHaveLength(2);

  const { code, stderr } = await failToStart({ DATA_DIR: await usedDataDir(), WORKERS: '2', PORT: String(port) });
  expect(code).toBe(1);
  expect(stderr.match(/already in use/g)).toHaveLength(1);
});

test('/metrics shows the sums of all workers, whichever of them responds', async () => {
  const server = await startWorkers();
  const callers = await startCallers(server.url);
  await Promise.all(callers.map((each) => each.stop()));
  const created = callers.flatMap(({ acknowledged }) => acknowledged).length;
  const values = new Set<string | undefined>();
  for (let n = 0; n < 4; n += 1) {
    const response = await fetch(server.url.replace('graphql', 'metrics'), { headers: { connection: 'close' } });
    const text = await response.text();
    values.add(/^ordergraph_graphql_request_duration_seconds_count\{.*\} (\d+)$/m.exec(text)?.[1]);
    expect(text).toMatch(/^ordergraph_workers 2$/m);
    expect(text).toMatch(/^ordergraph_event_log_position \d+$/m);
  }
  expect([...values]).toEqual([String(created)]);
});

const EVENTS = 'subscription { orderChanged { orderId version } }';

test('subscribers of every worker receive the events of all workers', async () => {
  const server = await startWorkers();
  const websockets: OpenWebsocket[] = [];
  for (let n = 0; n < 4; n += 1) {
    const websocket = await openWebsocket(server.url);
    websocket.send({ type: 'subscribe', id: 'events', payload: { query: EVENTS } });
    websocket.send({ type: 'ping' });
    await websocket.until(({ type }) => type === 'pong');
    websockets.push(websocket);
  }
  const callers = await startCallers(server.url);
  await Promise.all(callers.map((each) => each.stop()));
  const created = callers.flatMap(({ acknowledged }) => acknowledged).sort();
  const idsOf = ({ messages }: OpenWebsocket) =>
    messages.flatMap(({ type, payload }) =>
      type === 'next' ? [(payload as { data: { orderChanged: { orderId: string } } }).data.orderChanged.orderId] : [],
    );
  for (const websocket of websockets) await expect.poll(() => idsOf(websocket).sort()).toEqual(created);

  let closed = 0;
  for (const websocket of websockets) void websocket.closed.then(() => (closed += 1));
  process.kill(workersOf(server.pid)[0] ?? 0, 'SIGKILL');
  await expect.poll(() => closed).toBe(2); // the other two belong to the other worker
});
