// Measures fulfilment: the time until 1,000 orders are COMPLETED, and the rate of creates with and without it.
// npm run bench:fulfilment
import { Agent, request } from 'node:http';
import path from 'node:path';
import { startChildServer, type ChildServer } from './http/child-server.ts';
import { cpuOfFamily, median } from './measure.ts';
import { createDatabase, runSql, withTemporaryPostgres } from './temporary-postgres.ts';

const ORDERS = 1_000;
const COMPLETE_AFTER_MS = 5_000;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const CALLERS = 32;
const MAIN = path.resolve(import.meta.dirname, '../../dist/main.js');

const CREATE = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }';
const CREATE_MANY =
  'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { order { id } } } }';
const ORDER = { items: [{ name: 'Green tea', quantity: 2, unitPrice: '4.50' }] };

const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

const MODES = ['off', 'simulated'] as const;
type Mode = (typeof MODES)[number];

interface Tested {
  readonly server: ChildServer;
  readonly database: string;
}

await withTemporaryPostgres(async ({ url, folder, postmaster }) => {
  const start = async (mode: Mode): Promise<Tested> => {
    const database = await createDatabase(url, `fulfilment_${mode}`);
    const settings = { PORT: '0', DATABASE_URL: database, DATABASE_MIGRATE: 'always', LOG_LEVEL: 'warn' };
    const env = { ...settings, FULFILMENT: mode, FULFILMENT_COMPLETE_AFTER_MS: String(COMPLETE_AFTER_MS) };
    const args = ['--max-semi-space-size=64', MAIN];
    return { server: await startChildServer({ name: mode, args, env, folder }), database };
  };
  const off = await start('off');
  await using _off = off.server;
  const on = await start('simulated');
  await using _on = on.server;
  await measureCompletion(on);
  await measureCreates({ off, simulated: on }, postmaster);
});

/** The time from the first of 1,000 orders to the last COMPLETED, on an idle server. */
async function measureCompletion({ server, database }: Tested): Promise<void> {
  const times: { readonly created: number; readonly completed: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const began = performance.now();
    await createThousand(server);
    const created = performance.now() - began;
    await allCompleted(database);
    if (round > 0) times.push({ created, completed: performance.now() - began }); // the first round warms up
  }
  const of = (key: 'created' | 'completed') => (median(times.map((each) => each[key])) / 1_000).toFixed(2);
  console.log(`\n${ORDERS} orders at once on an idle server, median of ${ROUNDS} rounds`);
  console.log(`  created after ${of('created')} s, all COMPLETED after ${of('completed')} s`);
  console.log(`  of which an order waits ${COMPLETE_AFTER_MS / 1_000} s in PROCESSING`);
}

interface Round {
  /** Creates a second. */
  readonly creates: number;
  /** Steps of fulfilment a second. */
  readonly steps: number;
  /** CPU seconds of the server and PostgreSQL in a second. */
  readonly cpu: number;
}

/** The rates in turn, each round on both servers. With fulfilment, 1,000 orders are due when the round starts. */
async function measureCreates(tested: Readonly<Record<Mode, Tested>>, postmaster: number): Promise<void> {
  const rounds: Record<Mode, Round[]> = { off: [], simulated: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
      const measured = await measureRound(mode, tested[mode], postmaster);
      if (round > 0) rounds[mode].push(measured); // the first round warms up
    }
  }
  console.log(`\nCreates by ${CALLERS} callers, median of ${ROUNDS} rounds of ${SECONDS} s`);
  const of = (mode: Mode, key: keyof Round) => median(rounds[mode].map((each) => each[key]));
  for (const mode of MODES) {
    const [creates, steps] = [of(mode, 'creates'), of(mode, 'steps')];
    console.log(`  FULFILMENT=${mode.padEnd(10)} ${creates.toFixed(0)} /s, and ${steps.toFixed(0)} steps /s`);
  }
  const ratios = rounds.off.map(({ creates }, index) => (rounds.simulated[index]?.creates ?? Number.NaN) / creates);
  console.log(
    `  ratio ${median(ratios).toFixed(2)}; of each round: ${ratios.map((each) => each.toFixed(2)).join(', ')}`,
  );
  const cpu = (mode: Mode) => 1_000 * median(rounds[mode].map((each) => each.cpu / each.creates));
  const [without, beside] = [cpu('off'), cpu('simulated')];
  console.log(
    `  CPU of server and database for each create: ${without.toFixed(2)} ms and ${beside.toFixed(2)} ms, ratio ${(without / beside).toFixed(2)}`,
  );
}

async function measureRound(mode: Mode, { server, database }: Tested, postmaster: number): Promise<Round> {
  if (mode === 'simulated') await createThousand(server);
  const cpu = () => cpuOfFamily(server.pid) + cpuOfFamily(postmaster);
  const before = { cpu: cpu(), steps: await countSteps(database) };
  const creates = await createFor(server.url, SECONDS * 1_000);
  const used = (cpu() - before.cpu) / SECONDS;
  const steps = ((await countSteps(database)) - before.steps) / SECONDS;
  if (mode === 'simulated') await allCompleted(database);
  return { creates, steps, cpu: used };
}

async function createThousand(server: ChildServer): Promise<void> {
  const input = { policy: 'PARTIAL', orders: Array.from({ length: 100 }, () => ORDER) };
  const body = JSON.stringify({ query: CREATE_MANY, variables: { input } });
  await Promise.all(Array.from({ length: ORDERS / 100 }, () => post(server.url, body)));
}

/** @returns the rate per second */
async function createFor(url: string, ms: number): Promise<number> {
  const body = JSON.stringify({ query: CREATE, variables: { input: ORDER } });
  const began = performance.now();
  let created = 0;
  const call = async () => {
    while (performance.now() - began < ms) {
      await post(url, body);
      created += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return (created * 1_000) / (performance.now() - began);
}

async function allCompleted(database: string): Promise<void> {
  for (;;) {
    const [row] = await runSql<{ open: boolean }>(
      database,
      "SELECT EXISTS (SELECT FROM orders WHERE status <> 'COMPLETED') AS open",
    );
    if (row?.open === false) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function countSteps(database: string): Promise<number> {
  const [row] = await runSql<{ steps: number }>(
    database,
    "SELECT count(*)::int AS steps FROM order_events WHERE actor_kind = 'system'",
  );
  return row?.steps ?? 0;
}

/** @throws Error if the response has no order */
async function post(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let received = '';
      response.on('data', (chunk) => (received += String(chunk)));
      response.once('end', () => resolve(received));
    });
    sent.once('error', reject);
    sent.end(body);
  });
  if (!text.includes('"order":{"id":')) throw new Error(`The response has no order: ${text.slice(0, 500)}`);
}
