// Compares requests on databases of several sizes: `npm run bench:growth -- 20000 1000000`. The rates are divided by those of
// the smallest database. With `--keep FOLDER` the databases stay there, and a later run uses them again.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createGraphQLClient } from '../../dist/cli/graphql-client.js';
import { findEmbeddedPostgres } from '../../dist/database/embedded-postgres.js';
import { startChildServer, type ChildServer } from './http/child-server.ts';
import { cpuOfFamily, median } from './measure.ts';
import { runSql } from './temporary-postgres.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keep: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    callers: { type: 'string', default: '8' },
  },
});
const sizes = (positionals.length === 0 ? ['20000', '1000000'] : positionals).map(Number);
const [seconds, rounds, callers] = [values.seconds, values.rounds, values.callers].map(Number) as [
  number,
  number,
  number,
];

const ORDER = `id number version status createdAt customerName total { amount currency }
  items { name quantity unitPrice { amount currency } }`;
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;
const DOCUMENTS = {
  get: `query Get($id: ID!) { order(id: $id) { ${ORDER} } }`,
  'list, first page': `query List { orders(first: 20) { ${PAGE} } }`,
  'list, deep page': `query Deep($after: String) { orders(first: 20, after: $after) { ${PAGE} } }`,
  'list of a status': `query OfStatus { orders(first: 20, where: { status: { eq: SHIPPED } }) { ${PAGE} } }`,
  'list of a customer': `query OfCustomer($customer: String!) { orders(first: 20, where: { customerId: $customer }) { ${PAGE} } }`,
  create: `mutation Create($input: CreateOrderInput!) { createOrder(input: $input) { order { ${ORDER} } userErrors { code } } }`,
  status: `mutation Status($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { order { id status } changed userErrors { code } } }`,
} as const;

type Cell = keyof typeof DOCUMENTS;

const CELLS = Object.keys(DOCUMENTS) as Cell[];

interface Contestant {
  readonly size: number;
  readonly server: ChildServer;
  readonly request: (query: string, variables: object) => Promise<Record<string, unknown>>;
  readonly ids: readonly string[];
  readonly customers: readonly string[];
  readonly cursors: readonly string[];
  /** Created orders that were not changed yet. */
  readonly created: string[];
  readonly megabytes: number;
  readonly postmaster: number;
  readonly results: Map<Cell, Measured[]>;
}

interface Measured {
  readonly rate: number;
  readonly p50: number;
  /** CPU milliseconds of a request in the database. */
  readonly database: number;
}

const folder = values.keep ?? (await mkdtemp(path.join(tmpdir(), 'ordergraph-growth-')));
const contestants: Contestant[] = [];
try {
  for (const size of sizes) contestants.push(await prepare(size));
  for (let index = 0; index <= rounds; index += 1) {
    for (const cell of CELLS) for (const each of contestants) await measure(each, cell, index > 0); // the first warms up
  }
  print();
} finally {
  for (const { server } of contestants) await server[Symbol.asyncDispose]();
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 20 });
}

async function prepare(size: number): Promise<Contestant> {
  const dataDir = path.join(folder, String(size));
  if (!existsSync(dataDir)) await seed(dataDir, size);
  const env = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error' };
  const args = ['--max-semi-space-size=64', path.resolve('dist/main.js')];
  const server = await startChildServer({ name: String(size), args, env, folder });
  const client = createGraphQLClient({ url: server.url, token: null, connections: callers });
  const request: Contestant['request'] = async (query, variables) => {
    const { data, errorCode, message } = await client.send(JSON.stringify({ query, variables }));
    if (errorCode !== null) throw new Error(`${errorCode}: ${message}`);
    return data as Record<string, unknown>;
  };
  const url = (await findEmbeddedPostgres(dataDir)) ?? '';
  const [found] = await runSql<{ bytes: string }>(url, 'SELECT pg_database_size(current_database()) AS bytes');
  const [pid = ''] = readFileSync(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n');
  const megabytes = Number(found?.bytes) / 1e6;
  const rest = { created: [], results: new Map<Cell, Measured[]>(), megabytes, postmaster: Number(pid) };
  return { size, server, request, ...(await sample(request)), ...rest };
}

async function seed(dataDir: string, size: number): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const env = { ...process.env, DATA_DIR: dataDir };
  for (const args of [
    ['dist/cli/migrate.js'],
    ['dist/cli/main.js', 'seed', '--orders', String(size), '--seed', 'growth'],
  ]) {
    const { status } = spawnSync(process.execPath, args, { env, stdio: 'inherit' });
    if (status !== 0) throw new Error(`The database of ${size} orders was not filled.`);
  }
}

interface Sampled {
  readonly orders: {
    readonly nodes: readonly { readonly id: string; readonly customerId: string | null }[];
    readonly pageInfo: { readonly endCursor: string };
  };
}

/** Orders, customers and cursors from the whole time of the database. */
async function sample(request: Contestant['request']): Promise<Pick<Contestant, 'ids' | 'customers' | 'cursors'>> {
  const query = `query Sample($lt: DateTime!) { orders(first: 100, where: { createdAt: { lt: $lt } }) { nodes { id customerId } pageInfo { endCursor } } }`;
  const pages = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const lt = new Date(Date.now() - (index + 1) * 13 * 86_400_000);
      return (await request(query, { lt })) as unknown as Sampled;
    }),
  );
  const nodes = pages.flatMap(({ orders }) => orders.nodes);
  return {
    ids: nodes.map(({ id }) => id),
    customers: nodes.flatMap(({ customerId }) => customerId ?? []),
    cursors: pages.map(({ orders }) => orders.pageInfo.endCursor),
  };
}

async function measure(contestant: Contestant, cell: Cell, isCounted: boolean): Promise<void> {
  const { request, created, results, postmaster } = contestant;
  const latencies: number[] = [];
  const before = cpuOfFamily(postmaster);
  const began = performance.now();
  const until = began + seconds * 1_000;
  const call = async (): Promise<void> => {
    while (performance.now() < until) {
      const variables = variablesOf(contestant, cell);
      if (variables === null) return; // no created order is left
      const sent = performance.now();
      const data = await request(DOCUMENTS[cell], variables);
      latencies.push(performance.now() - sent);
      if (cell === 'create') created.push((data as { createOrder: { order: { id: string } } }).createOrder.order.id);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const took = performance.now() - began;
  if (!isCounted) return;
  results.set(cell, [
    ...(results.get(cell) ?? []),
    {
      rate: (latencies.length * 1_000) / took,
      p50: median(latencies),
      database: ((cpuOfFamily(postmaster) - before) * 1_000) / latencies.length,
    },
  ]);
}

function variablesOf({ ids, customers, cursors, created }: Contestant, cell: Cell): object | null {
  const pick = (texts: readonly string[]) => texts[Math.floor(Math.random() * texts.length)];
  switch (cell) {
    case 'get':
      return { id: pick(ids) };
    case 'list, deep page':
      return { after: pick(cursors) };
    case 'list of a customer':
      return { customer: pick(customers) };
    case 'create':
      return {
        input: { customerId: pick(customers), items: [1, 2, 3].map((n) => ({ name: `Item ${n}`, unitPrice: n })) },
      };
    case 'status': {
      const id = created.pop();
      return id === undefined ? null : { input: { id, status: 'CONFIRMED' } };
    }
    case 'list, first page':
    case 'list of a status':
      return {};
  }
}

function print(): void {
  const [smallest] = contestants;
  if (smallest === undefined) return;
  console.log(
    `${callers} callers, median of ${rounds} rounds of ${seconds} s. The ratio is p50 divided by that of ${smallest.size} orders.`,
  );
  const of = (contestant: Contestant, cell: Cell, name: keyof Measured) =>
    median((contestant.results.get(cell) ?? []).map((each) => each[name]));
  for (const cell of CELLS) {
    const columns = contestants.map((each) => {
      const ratio = (of(each, cell, 'p50') / of(smallest, cell, 'p50')).toFixed(2);
      const rate = of(each, cell, 'rate').toFixed(0);
      const cpu = of(each, cell, 'database').toFixed(2);
      return `${each.size}: ${rate}/s p50 ${of(each, cell, 'p50').toFixed(2)} ms ×${ratio}, database ${cpu} ms`;
    });
    console.log(`${cell.padEnd(20)} ${columns.join('   ')}`);
  }
  for (const { size, megabytes, server } of contestants) {
    const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? '0';
    console.log(
      `${size} orders: database ${megabytes.toFixed(0)} MB, server ${(Number(resident) / 1e3).toFixed(0)} MB resident`,
    );
  }
}
