// Measures a server with 10,000 subscribers: memory and CPU while nothing happens, then the time from the response of a
// change to the arrival of its event at each subscriber. npm run bench:subscribers
import { Agent, request } from 'node:http';
import path from 'node:path';
import { migrate } from '../../dist/database/migrate.js';
import { startChildServer, type ChildServer } from './http/child-server.ts';
import { openInspector, type Inspector } from './inspector.ts';
import { cpuOfFamily } from './measure.ts';
import { openSubscribers, orderIdOf, type Filter } from './subscribers-sockets.ts';
import { withTemporaryPostgres } from './temporary-postgres.ts';

const SUBSCRIBERS = Number(process.env['BENCH_SUBSCRIBERS'] ?? 10_000);
/** Changes a second. */
const RATE = Number(process.env['BENCH_RATE'] ?? 1_000);
const ORDERS = 10_000;
const CUSTOMERS = 100;
/** Subscribers to all orders and to one customer each; all others subscribe to one order each. */
const [OF_ALL, OF_CUSTOMERS] = [5, 100];
/** Each order goes through them once, one in each round. */
const STATUSES = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];
const IDLE_SECONDS = 24;
const CONNECTIONS = 32;
/** Changes are sent in groups, because timers are no finer. */
const TICK_MS = 2;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

class Arrivals {
  readonly #responses = new Float64Array(ORDERS * (STATUSES.length + 2));
  #events: { readonly key: number; readonly at: number }[] = [];
  #expected = 0;

  add(order: number, version: number): void {
    this.#events.push({ key: keyOf(order, version), at: performance.now() });
  }

  respond(order: number, version: number): void {
    this.#responses[keyOf(order, version)] = performance.now();
    this.#expected += deliveriesOf(order);
  }

  async complete(): Promise<void> {
    const until = performance.now() + 20_000;
    while (this.#events.length < this.#expected && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await new Promise((resolve) => setTimeout(resolve, 500)); // for events that should not arrive
  }

  /** Starts a new measurement. An event can arrive before the response of its change; its delay then counts as 0. */
  summary(): string {
    const times = Float64Array.from(this.#events, ({ key, at }) =>
      Math.max(0, at - (this.#responses[key] ?? 0)),
    ).sort();
    const at = (share: number) => `${(times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1)} ms`;
    const text = `${times.length} of ${this.#expected} events arrived, p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1 - 1e-9)}`;
    if (times.length !== this.#expected) process.exitCode = 1;
    this.#events = [];
    this.#expected = 0;
    return text;
  }
}

await withTemporaryPostgres(async ({ url: database, folder, postmaster }) => {
  await migrate(database);
  const main = path.resolve(import.meta.dirname, '../../dist/main.js');
  const env = { PORT: '0', DATABASE_URL: database, WEBSOCKETS_MAX: String(2 * SUBSCRIBERS + 100) };
  const args = ['--max-semi-space-size=64', '--inspect=127.0.0.1:0', main];
  await using server = await startChildServer({ name: 'server', args, env, folder });
  using inspector = await openInspector(path.join(folder, 'server.log'));
  await measure(server, inspector, postmaster);
});

async function measure({ url, pid }: ChildServer, inspector: Inspector, postmaster: number): Promise<void> {
  await createOrders(url);
  await (await openSubscribers(url, filters().slice(0, 1_000), () => undefined)).close(); // warms up
  const before = await inspector.memory();
  const arrivals = new Arrivals();
  const { close } = await openSubscribers(url, filters(), (order, version) => arrivals.add(order, version));
  const after = await inspector.memory();
  const each = (key: 'rss' | 'heapUsed' | 'external') =>
    `${((after[key] - before[key]) / SUBSCRIBERS / 1_000).toFixed(1)} KB`;
  console.log(`${SUBSCRIBERS} idle subscribers, each on a WebSocket of its own:`);
  console.log(`  memory each: RSS ${each('rss')}, heap ${each('heapUsed')}, external ${each('external')}`);
  console.log(`  RSS of the process: ${mega(before.rss)} before, ${mega(after.rss)} after`);
  const idle = cpu(pid, postmaster);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
  console.log(`  CPU: ${idle()}`);
  console.log(`${RATE} changes a second, ${deliveriesOf(0)} events to deliver for each:`);
  for (const [round, status] of STATUSES.entries()) {
    const used = cpu(pid, postmaster);
    const rate = await changeOrders(url, status, (order) => arrivals.respond(order, round + 2));
    await arrivals.complete();
    console.log(`  ${status.padEnd(10)} ${rate.toFixed(0)} /s, ${arrivals.summary()}; CPU: ${used()}`);
  }
  await close();
}

function mega(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}

/** CPU of the processes since the call, in cores. */
function cpu(pid: number, postmaster: number): () => string {
  const now = () => {
    const { user, system } = process.cpuUsage();
    return [cpuOfFamily(pid), cpuOfFamily(postmaster), (user + system) / 1e6, performance.now() / 1_000];
  };
  const began = now();
  return () => {
    const [server = 0, database = 0, client = 0, seconds = 1] = now().map(
      (value, index) => value - (began[index] ?? 0),
    );
    const share = (value: number) => `${((100 * value) / seconds).toFixed(0)} %`;
    return `server ${share(server)}, database ${share(database)}, this client ${share(client)} of a core`;
  };
}

function customerOf(order: number): string {
  return `customer ${order % CUSTOMERS}`;
}

function filters(): Filter[] {
  return Array.from({ length: SUBSCRIBERS }, (_, index) => {
    if (index < OF_ALL) return {};
    if (index < OF_ALL + OF_CUSTOMERS) return { customerId: customerOf(index - OF_ALL) };
    return { orderId: orderIdOf(index % ORDERS) };
  });
}

/** The number of subscribers that get an event of an order. */
function deliveriesOf(order: number): number {
  const own = Math.floor((SUBSCRIBERS - order - 1) / ORDERS) + 1 - (order < OF_ALL + OF_CUSTOMERS ? 1 : 0);
  return OF_ALL + 1 + own;
}

function keyOf(order: number, version: number): number {
  return version * ORDERS + order;
}

async function createOrders(url: string): Promise<void> {
  const create = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';
  for (let first = 0; first < ORDERS; first += 100) {
    const orders = Array.from({ length: 100 }, (_, index) => ({
      id: orderIdOf(first + index),
      customerId: customerOf(first + index),
      items: [{ name: 'Tea', quantity: 1, unitPrice: '4.20' }],
    }));
    const answer = await post(url, JSON.stringify({ query: create, variables: { input: { orders } } }));
    if (!answer.includes('"index":99')) throw new Error(`The orders were not created: ${answer.slice(0, 500)}`);
  }
}

/** Changes the status of every order, in random order. @returns the changes a second */
async function changeOrders(url: string, status: string, onChanged: (order: number) => void): Promise<number> {
  const query = 'mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { changed } }';
  const orders = Array.from({ length: ORDERS }, (_, index) => ({ index, at: Math.random() })).toSorted(
    (a, b) => a.at - b.at,
  );
  const began = performance.now();
  const unanswered: Promise<void>[] = [];
  while (unanswered.length < ORDERS) {
    const due = Math.min(ORDERS, Math.floor(((performance.now() - began) * RATE) / 1_000));
    for (const { index } of orders.slice(unanswered.length, due)) {
      const body = JSON.stringify({ query, variables: { input: { id: orderIdOf(index), status } } });
      unanswered.push(change(url, body, () => onChanged(index)));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(unanswered);
  return (1_000 * ORDERS) / (performance.now() - began);
}

async function change(url: string, body: string, onChanged: () => void): Promise<void> {
  const answer = await post(url, body);
  if (!answer.includes('"changed":true')) throw new Error(`A change failed: ${answer.slice(0, 500)}`);
  onChanged();
}

async function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve(text));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
