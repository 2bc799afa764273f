import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createKafka, HAS_KAFKA, type KafkaBroker } from '../support/kafka.js';
import { withAdmin } from '../support/kafka-reader.js';
import { freePort, startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';

const run = promisify(execFile);
const root = mkdtempSync(path.join(tmpdir(), 'ordergraph-examples-'));
const folder = path.join(root, 'examples');

// A copy of the tracked files only.
beforeAll(() => {
  const files = execFileSync('git', ['ls-files', 'examples', 'schema.graphql'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  for (const file of files) cpSync(file, path.join(root, file));
  execFileSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}, 300_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function startAnywhere(): Promise<ServerProcess> {
  return startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
}

/** The lines that an example prints. */
async function linesOf(example: string, { url }: { readonly url: string }): Promise<string[]> {
  const env = { ...process.env, ORDERGRAPH_URL: url };
  const { stdout, stderr } = await run('npm', ['run', '--silent', example], { cwd: folder, env, timeout: 60_000 });
  expect(stderr).not.toMatch(/warning|invariant|cache data may be lost|go\.apollo\.dev/i); // of the client library
  return stdout.split('\n').filter((line) => line !== '');
}

test('repeated runs of curl create one order', async () => {
  const server = await startAnywhere();
  const responses = async () =>
    (await linesOf('curl', server)).map((line) => (JSON.parse(line) as { data: object }).data);
  const [created, updated, read] = await responses();
  expect(created).toMatchObject({
    createOrder: { replayed: false, order: { number: '1001', total: { amount: '8.40', currency: 'USD' } } },
  });
  expect(updated).toMatchObject({ updateOrderStatus: { changed: true, order: { status: 'CONFIRMED', version: 2 } } });
  expect(read).toMatchObject({
    order: { history: { nodes: [{ to: 'PENDING' }, { to: 'CONFIRMED', reason: 'paid' }] } },
  });
  const again = await responses();
  expect(again[0]).toMatchObject({ createOrder: { replayed: true, order: { number: '1001' } } });
  expect(again[1]).toMatchObject({ updateOrderStatus: { changed: false } });
});

test('graphql-request creates an order and prints a rejection', async () => {
  const lines = await linesOf('graphql-request', await startAnywhere());
  expect(lines).toHaveLength(3);
  expect(lines[0]).toBe('created: 1001 12.60 USD');
  expect(lines[1]).toMatch(/^rejected: INVALID input\.items\.0\.quantity /);
  expect(lines[2]).toMatch(/^rejected: INVALID input\.items\.0\.unitPrice /);
});

test('the list of Apollo Client grows by pages and is updated after a change', async () => {
  const lines = await linesOf('apollo-client', await startAnywhere());
  expect(lines).toContain('list: PENDING PENDING');
  expect(lines.at(-2)).toBe('list: PENDING PENDING PENDING');
  expect(lines.at(-1)).toBe('list: SHIPPED PENDING PENDING');
});

test('typed documents are generated, compile and run', async () => {
  const lines = await linesOf('typed', await startAnywhere());
  expect(lines.slice(-2)).toEqual(['total: 1280', 'allowed: CONFIRMED PROCESSING SHIPPED CANCELLED']);
});

test('watch-order prints every change once, across a restart of the server', async () => {
  const env = { DATA_DIR: path.join(await temporaryFolder(), 'data'), PORT: String(await freePort()) };
  const first = await startProcess(env);
  const { id } = await createdOrder(first);
  const watcher = spawn(process.execPath, ['watch-order.mjs', id], {
    cwd: folder,
    env: { ...process.env, ORDERGRAPH_URL: first.url },
  });
  onTestFinished(() => void watcher.kill());
  let printed = '';
  watcher.stdout.on('data', (chunk) => (printed += String(chunk)));
  const seen = () =>
    printed
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { to: string }).to);

  await expect.poll(seen, { timeout: 15_000 }).toEqual(['PENDING']);
  await transitionOrder(first, { id, status: 'CONFIRMED' });
  await expect.poll(seen, { timeout: 15_000 }).toEqual(['PENDING', 'CONFIRMED']);
  await first.end();
  const second = await startProcess(env);
  await transitionOrder(second, { id, status: 'SHIPPED' });
  await expect.poll(seen, { timeout: 30_000 }).toEqual(['PENDING', 'CONFIRMED', 'SHIPPED']);
  await transitionOrder(second, { id, status: 'DELIVERED' });
  await expect.poll(seen, { timeout: 15_000 }).toEqual(['PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED']);
});

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

test.skipIf(!HAS_KAFKA)('kafka-consumer prints the events of an order in order, also after a restart', async () => {
  const kafka = await createKafka();
  onTestFinished(() => kafka.remove());
  await kafka.start();
  const env = { DATA_DIR: path.join(await temporaryFolder(), 'data'), KAFKA_BROKERS: kafka.address };
  const server = await startProcess(env);
  let printed = '';
  const startConsumer = () => {
    const consumer = spawn(process.execPath, ['kafka-consumer.mjs'], { cwd: folder, env: { ...process.env, ...env } });
    consumer.stdout.on('data', (chunk) => (printed += String(chunk)));
    onTestFinished(() => void consumer.kill('SIGKILL'));
    return consumer;
  };
  const { id } = await createdOrder(server);
  await transitionOrder(server, { id, status: 'CONFIRMED' });
  await expect.poll(topicsOf(kafka), { timeout: 30_000 }).toContain('order_events');
  const first = startConsumer();
  const created = `${id} 1 CREATED PENDING 12.60 USD\n${id} 2 STATUS_CHANGED CONFIRMED 12.60 USD\n`;
  await expect.poll(() => printed, { timeout: 30_000 }).toBe(created);
  const exited = new Promise((resolve) => first.once('exit', resolve));
  first.kill('SIGTERM');
  await exited;
  startConsumer();
  await transitionOrder(server, { id, status: 'SHIPPED' });
  await expect.poll(() => printed, { timeout: 30_000 }).toBe(`${created}${id} 3 STATUS_CHANGED SHIPPED 12.60 USD\n`);
});

const topicsOf = (kafka: KafkaBroker) => () => withAdmin(kafka.address, (admin) => admin.listTopics());

/** Runs an example until the test ends. */
function startExample(words: readonly string[], url: string) {
  const child = spawn(process.execPath, words, { cwd: folder, env: { ...process.env, ORDERGRAPH_URL: url } });
  onTestFinished(() => void child.kill());
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  return {
    versions: () =>
      printed
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { version: number }).version),
    end: async () => {
      const exited = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('follow-orders continues behind its cursor, across restarts of the server and of itself', async () => {
  const env = { DATA_DIR: path.join(await temporaryFolder(), 'data'), PORT: String(await freePort()) };
  const words = ['follow-orders.mjs', path.join(await temporaryFolder(), 'cursor')];
  const first = await startProcess(env);
  const { id } = await createdOrder(first);
  const watcher = startExample(words, first.url);
  await expect.poll(() => existsSync(words[1] ?? ''), { timeout: 15_000 }).toBe(true);
  await transitionOrder(first, { id, status: 'CONFIRMED' });
  await expect.poll(watcher.versions, { timeout: 15_000 }).toEqual([2]);
  await first.end('SIGKILL');
  const second = await startProcess(env);
  await transitionOrder(second, { id, status: 'SHIPPED' });
  await expect.poll(watcher.versions, { timeout: 30_000 }).toEqual([2, 3]);
  await watcher.end();
  await transitionOrder(second, { id, status: 'DELIVERED' });
  const again = startExample(words, second.url);
  await expect.poll(() => again.versions().at(-1), { timeout: 15_000 }).toBe(4);
});

test('poll-events prints the events since its last run', async () => {
  const server = await startAnywhere();
  const linesOfRun = async () => linesOf('poll-events', server);
  expect(await linesOfRun()).toEqual([]);
  const { id } = await createdOrder(server);
  await expect.poll(linesOfRun, { timeout: 15_000 }).toHaveLength(1);
  await transitionOrder(server, { id, status: 'CONFIRMED' });
  await expect.poll(linesOfRun, { timeout: 15_000 }).toHaveLength(1);
  expect(await linesOfRun()).toEqual([]);
});
