// Measures how long a client waits for its requests while another client floods the server at ten times its rate limit,
// and while another client sends hostile documents. npm run bench:flood
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../dist/database/migrate.js';
import type { FloodOrder, FloodReport } from './flood-client.ts';
import { startChildServer } from './http/child-server.ts';
import { SEED_ORDERGRAPH, storedOrders } from './http/orders.ts';
import { median } from './measure.ts';
import { withTemporaryPostgres } from './temporary-postgres.ts';
import { signToken } from '../../tests/support/tokens.ts';

const SECRET = 'a secret of this benchmark, 32 bytes or longer';
const ORDERS = 2_000;
const ROUNDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
/** Requests a second of the bystander. */
const BYSTANDER_RATE = 100;
/** The bystander stays below the limit; the flood is ten times as fast as the limit allows. */
const LIMIT = { REQUEST_MAX_COST: '100000', RATE_LIMIT_CAPACITY: '100000', RATE_LIMIT_RESTORE: '20000' };
const QUERY = 'query Order($id: ID!) { order(id: $id) { id number status total { amount } items { name quantity } } }';

const PHASES = ['quiet', 'flood', 'hostile'] as const;
type Phase = (typeof PHASES)[number];

await withTemporaryPostgres(async ({ url, folder }) => {
  await migrate(url);
  const orders = storedOrders(url, SEED_ORDERGRAPH);
  await orders.seed(ORDERS);
  const ids = await orders.ids(ORDERS);
  const args = ['--max-semi-space-size=64', path.resolve(import.meta.dirname, '../../dist/main.js')];
  const env = { PORT: '0', DATABASE_URL: url, AUTH_JWT_SECRET: SECRET, ...LIMIT };
  await using server = await startChildServer({ name: 'server', args, env, folder });
  const client = fork(fileURLToPath(new URL('flood-client.ts', import.meta.url)));
  try {
    await measure(server.url, client, ids);
  } finally {
    client.kill();
  }
});

async function measure(url: string, client: ChildProcess, ids: readonly string[]): Promise<void> {
  const bystander = await signToken({ sub: 'bystander', roles: ['staff'] }, SECRET);
  const attacker = await signToken({ sub: 'attacker', roles: ['staff'] }, SECRET);
  const cost = await costOf(url, bystander, ids[0] ?? '');
  const allowed = Number(LIMIT.RATE_LIMIT_RESTORE) / cost;
  const floodRate = Math.round(10 * allowed);
  const ordersOf: Record<Phase, FloodOrder | null> = {
    quiet: null,
    flood: { url, token: attacker, kind: 'flood', rate: floodRate, body: bodyOf(ids[1] ?? ''), seconds: SECONDS },
    hostile: { url, token: attacker, kind: 'hostile', rate: 0, body: '', seconds: SECONDS },
  };
  const samples = Object.fromEntries(PHASES.map((phase) => [phase, [] as Waits[]])) as Record<Phase, Waits[]>;
  const reports = new Map<Phase, FloodReport>();
  await watch(url, bystander, ids); // warms up
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const phase of PHASES) {
      const order = ordersOf[phase];
      const report = order === null ? null : ask(client, order);
      samples[phase].push(await watch(url, bystander, ids));
      if (report !== null) reports.set(phase, await report);
    }
  }
  print({ cost, allowed, floodRate }, samples, reports);
}

interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
}

/** Sends requests at a steady rate, whether or not earlier ones are answered, and measures each from its planned time. */
async function watch(url: string, token: string, ids: readonly string[]): Promise<Waits> {
  const began = performance.now();
  const sent: Promise<number | null>[] = [];
  for (let index = 0; index < SECONDS * BYSTANDER_RATE; index += 1) {
    const at = began + (index * 1_000) / BYSTANDER_RATE;
    const pause = at - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const planned = Math.max(at, performance.now() - 1); // timers of this process are up to 1 ms late
    sent.push(send(url, token, ids[index % ids.length] ?? '').then((ok) => (ok ? performance.now() - planned : null)));
  }
  const answers = await Promise.all(sent);
  const times = answers.filter((time) => time !== null).toSorted((one, other) => one - other);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), failures: answers.length - times.length };
}

/** @returns whether the answer has the order */
async function send(url: string, token: string, id: string): Promise<boolean> {
  return (await post(url, token, id)).includes(`"order":{"id":"${id}"`);
}

async function post(url: string, token: string, id: string): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (await fetch(url, { method: 'POST', headers, body: bodyOf(id) })).text();
}

function bodyOf(id: string): string {
  return JSON.stringify({ query: QUERY, variables: { id } });
}

/** The points that one request of the flood is charged. */
async function costOf(url: string, token: string, id: string): Promise<number> {
  const text = await post(url, token, id);
  const { extensions } = JSON.parse(text) as { extensions?: { cost?: { actualQueryCost?: number } } };
  const cost = extensions?.cost?.actualQueryCost;
  if (cost === undefined) throw new Error(`The server reports no cost: ${text}`);
  return cost;
}

async function ask(client: ChildProcess, order: FloodOrder): Promise<FloodReport> {
  client.send(order);
  const [report] = (await once(client, 'message')) as [FloodReport];
  return report;
}

function print(
  { cost, allowed, floodRate }: { readonly cost: number; readonly allowed: number; readonly floodRate: number },
  samples: Readonly<Record<Phase, readonly Waits[]>>,
  reports: ReadonlyMap<Phase, FloodReport>,
): void {
  console.log(
    `\nA request costs ${cost} points; the limit allows ${allowed.toFixed(0)} a second; the flood sends ${floodRate}.`,
  );
  console.log(`Bystander: ${BYSTANDER_RATE} requests a second, median of ${ROUNDS} rounds of ${SECONDS} s, in ms`);
  const base = median(samples.quiet.map(({ p99 }) => p99));
  for (const phase of PHASES) {
    const of = (key: 'p50' | 'p99') => median(samples[phase].map((each) => each[key]));
    const failures = samples[phase].reduce((sum, each) => sum + each.failures, 0);
    const { sent = 0, statuses = {} } = reports.get(phase) ?? {};
    console.log(
      `  ${phase.padEnd(8)} p50 ${of('p50').toFixed(2)}  p99 ${of('p99').toFixed(2)} (×${(of('p99') / base).toFixed(2)})  ${failures} failures` +
        (sent === 0 ? '' : `; in the last round ${sent} other requests: ${JSON.stringify(statuses)}`),
    );
  }
}
