import { randomUUID } from 'node:crypto';
import { connect, type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { embeddedUrl, usedDataDir } from '../support/embedded.js';
import { createdOrder, createOrder } from '../support/order-requests.js';
import { failToStart, freePort, startProcess, type ServerProcess } from '../support/process.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const CALLERS = 20;
const DELAY_MS = 500;

interface Outcome {
  readonly acknowledged: string[];
  /** Failures other than a rejected connection. */
  readonly failures: string[];
}

/** Creates orders over kept-alive connections until the server accepts no connection. */
async function createUntilClosed(server: ServerProcess, { acknowledged, failures }: Outcome): Promise<void> {
  for (;;) {
    const id = randomUUID();
    try {
      await createdOrder(server, { id });
      acknowledged.push(id);
    } catch (cause) {
      const { code } = ((cause as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED') failures.push(code ?? String(cause));
      return;
    }
  }
}

test('SIGTERM under load: every request of a kept-alive connection succeeds, and every acknowledged order is stored', async () => {
  const dataDir = await usedDataDir();
  const outcome: Outcome = { acknowledged: [], failures: [] };
  const stops: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await startProcess({ DATA_DIR: dataDir, SHUTDOWN_DELAY_MS: String(DELAY_MS) });
    const before = outcome.acknowledged.length;
    const callers = Array.from({ length: CALLERS }, () => createUntilClosed(server, outcome));
    await expect.poll(() => outcome.acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(before + 2 * CALLERS);
    const { code, tookMs } = await server.end('SIGTERM');
    stops.push(tookMs);
    await Promise.all(callers);
    expect([code, outcome.failures]).toEqual([0, []]);
  }
  const server = await startProcess({ DATA_DIR: dataDir });
  const sample = outcome.acknowledged.filter((_, index) => index % 10 === 0);
  const replays = await Promise.all(sample.map((id) => createOrder(server, { id })));
  expect(replays.filter(({ replayed }) => !replayed)).toEqual([]);
  const times = stops.map((ms) => Math.round(ms)).join(', ');
  process.stdout.write(
    `${ROUNDS} stops under load: ${times} ms, ${outcome.acknowledged.length} orders, no failed request\n`,
  );
});

/** A TCP port that closes its first connections, and forwards the later ones. */
async function forwardLater(target: URL, rejected: number): Promise<number> {
  let count = 0;
  const server = createTcpServer((socket) => {
    count += 1;
    if (count <= rejected) return void socket.destroy();
    const to = connect(Number(target.port), target.hostname);
    socket.pipe(to).pipe(socket);
    for (const end of [socket, to]) end.on('error', () => [socket, to].forEach((each) => each.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a start waits for a database that cannot be reached yet, and logs the reason', async () => {
  const dataDir = await usedDataDir();
  await startProcess({ DATA_DIR: dataDir }); // its PostgreSQL
  const url = await embeddedUrl(dataDir);
  const port = await forwardLater(new URL(url), 3);
  url.port = String(port);
  const server = await startProcess({ DATABASE_URL: url.href, LOG_FORMAT: 'json' });
  expect(await createdOrder(server)).toMatchObject({ status: 'PENDING' });
  const lines = server.output().split('\n');
  expect(lines.filter((line) => line.includes('waiting for the database'))).toHaveLength(1);
  expect(server.output()).toMatch(new RegExp(`"database":"127.0.0.1:${port}","reason":"Connection terminated`));
  expect(server.output()).toContain('the database accepts connections');
});

test('a start waits for at most DATABASE_WAIT_MS, and not at all for a wrong password or a missing database', async () => {
  const dataDir = await usedDataDir();
  await startProcess({ DATA_DIR: dataDir });
  const [absent, password, name] = await Promise.all([1, 2, 3].map(() => embeddedUrl(dataDir)));
  if (absent === undefined || password === undefined || name === undefined) return;
  absent.port = String(await freePort());
  password.password = 'wrong';
  name.pathname = '/missing';
  const began = performance.now();
  const late = await failToStart({ DATABASE_URL: absent.href, DATABASE_WAIT_MS: '1500' });
  expect(performance.now() - began).toBeGreaterThan(1_000);
  expect(late.stderr).toMatch(/cannot be used: .*ECONNREFUSED.* \(waited 1500 ms; DATABASE_WAIT_MS\)\n$/);
  for (const [{ href }, reason] of [
    [password, /password authentication failed/],
    [name, /database "missing" does not exist/],
  ] as const) {
    const failed = await failToStart({ DATABASE_URL: href });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(reason) as string });
    expect(failed.stderr).not.toContain('waiting for the database');
  }
});
