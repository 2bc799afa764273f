// PostgreSQL alone: each request as one statement in a transaction of its own, by pgbench.
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { runSql } from '../temporary-postgres.ts';
import type { Cell, Contestant, Latency, Load, Run } from './cells.ts';
import { SEEDED_ORDERS, type StoredOrders } from './orders.ts';

/** A connection for each caller: PostgreSQL allows 200, of which other servers need some. */
const MAX_CALLERS = 100;
/** More than PostgreSQL makes. */
const CHANGES_PER_SECOND = 30_000;
/** Share of the transactions whose latency is recorded. */
const SAMPLED = 0.1;

export interface PgbenchOptions {
  readonly url: string;
  readonly orders: StoredOrders;
  readonly folder: string;
  readonly signal: AbortSignal;
}

export function pgbench({ url, orders, folder, signal }: PgbenchOptions): Contestant {
  return {
    name: 'pgbench',
    pid: null,
    async prepare(cell, load) {
      if (load.callers > MAX_CALLERS) return null;
      const lines = await linesOf(cell, load, orders);
      await storeLines(url, lines);
      const script = path.join(folder, 'pgbench.sql');
      await writeFile(script, `${nextLine(cell, lines.length, load)}${STATEMENTS[cell]};\n`);
      const verify = await orders.verifier(cell, load);
      return { run: () => run(url, script, path.join(folder, 'pgbench-log'), load, signal), verify };
    },
  };
}

async function linesOf(cell: Cell, load: Load, orders: StoredOrders): Promise<readonly (readonly string[])[]> {
  if (cell === 'status') return orders.changes((load.seconds + 1) * CHANGES_PER_SECOND);
  return cell === 'get' || cell === 'pages' ? (await orders.ids(SEEDED_ORDERS)).map((id) => [id]) : [];
}

/** The number of the line that a transaction uses. Each change of a status is used once. */
function nextLine(cell: Cell, lines: number, { callers }: Load): string {
  if (lines === 0) return '';
  const next = `:client_id + :turn * ${callers}`;
  return `\\set turn :turn + 1\n\\set line ${cell === 'status' ? next : `(${next}) % ${lines}`}\n`;
}

async function run(url: string, script: string, log: string, load: Load, signal: AbortSignal): Promise<Run> {
  const { callers, seconds } = load;
  const duration = String(seconds + 1); // its time includes the connecting, its rate does not
  const flags = ['-n', '-M', 'prepared', '-c', String(callers), '-j', '1', '-T', duration, '-D', 'turn=-1'];
  const logging = ['-l', `--log-prefix=${log}`, `--sampling-rate=${SAMPLED}`];
  const { stdout } = await promisify(execFile)('pgbench', [...flags, ...logging, '-f', script, url], { signal });
  const times = await readLog(log);
  return { ...readPgbench(stdout), latency: percentilesOf(times) };
}

/** Reads what pgbench prints. */
export function readPgbench(output: string): Omit<Run, 'latency'> {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const answers = number(/^number of transactions actually processed: (\d+)/m);
  const failures = number(/^number of failed transactions: (\d+)/m);
  const seconds = answers / number(/^tps = ([\d.]+)/m);
  if (Number.isNaN(seconds + failures)) throw new Error(`pgbench printed no result:\n${output}`);
  return { answers, failures, firstFailure: failures > 0 ? 'a transaction failed' : null, seconds };
}

/** The third column of the log: microseconds of a transaction. */
async function readLog(prefix: string): Promise<readonly number[]> {
  const folder = path.dirname(prefix);
  const names = (await readdir(folder)).filter((name) => name.startsWith(path.basename(prefix)));
  const files = names.map((name) => path.join(folder, name));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await Promise.all(files.map((file) => rm(file)));
  const lines = texts.flatMap((text) => text.trim().split('\n'));
  return lines.map((line) => Number(line.split(' ')[2]) / 1000).filter((ms) => Number.isFinite(ms));
}

const PERCENTILES = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 97, 99, 99.5, 99.9, 100];

function percentilesOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  if (sorted.length === 0) return [];
  return PERCENTILES.map((percentile) => {
    return [percentile, sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percentile) / 100))] ?? 0];
  });
}

/** The lines are what the variables of a request are to a server. */
async function storeLines(url: string, lines: readonly (readonly string[])[]): Promise<void> {
  await runSql(url, 'DROP TABLE IF EXISTS bench_lines');
  await runSql(url, 'CREATE TABLE bench_lines (line integer PRIMARY KEY, id uuid, status order_status)');
  const columns = [lines.map(([id]) => id), lines.map(([, status]) => status ?? null)];
  await runSql(url, INSERT_LINES, columns);
  await runSql(url, 'VACUUM (ANALYZE) bench_lines');
}

const INSERT_LINES = `
INSERT INTO bench_lines (line, id, status)
SELECT l.number - 1, l.id, l.status
FROM unnest($1::uuid[], $2::order_status[]) WITH ORDINALITY AS l(id, status, number)`;

const ORDER = `o.id, o.number, o.version, o.status, o.created_at, o.customer_name, o.total, o.currency,
  (SELECT json_agg(json_build_object('name', i.name, 'quantity', i.quantity, 'unitPrice', i.unit_price) ORDER BY i.position)
   FROM order_items i WHERE i.order_id = o.id) AS items`;

const STATEMENTS: Readonly<Record<Cell, string>> = {
  create: `WITH created AS (
  INSERT INTO orders (id, customer_id, customer_name, status, currency, subtotal, total, fingerprint, created_at, updated_at)
  VALUES (gen_random_uuid(), 'customer-' || :client_id, 'Customer', 'PENDING', 'USD', 2520, 2520, '', now(), now())
  RETURNING *
), items AS (
  INSERT INTO order_items (order_id, position, product_id, name, quantity, unit_price, subtotal)
  SELECT id, p, 'product-' || p, 'Product ' || p, p, 420, 420 * p FROM created CROSS JOIN generate_series(1, 3) AS p
), events AS (
  INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, customer_id, payload,
    occurred_at)
  SELECT id, 1, 'CREATED', status, '{}', 'admin', gen_random_uuid(), customer_id,
    jsonb_build_object('currency', currency, 'status', status, 'totalMinor', total::text), created_at
  FROM created
)
SELECT id, number, version, status, created_at, customer_name, total FROM created`,
  get: `SELECT ${ORDER} FROM orders o WHERE o.id = (SELECT id FROM bench_lines WHERE line = :line)`,
  list: `SELECT ${ORDER} FROM orders o WHERE o.deleted_at IS NULL ORDER BY o.created_at DESC, o.id DESC LIMIT 20`,
  pages: `SELECT ${ORDER} FROM orders o
WHERE o.deleted_at IS NULL AND (o.created_at, o.id) < (SELECT c.created_at, c.id FROM orders c
  WHERE c.id = (SELECT id FROM bench_lines WHERE line = :line))
ORDER BY o.created_at DESC, o.id DESC LIMIT 20`,
  status: `WITH changed AS (
  UPDATE orders o SET status = l.status, version = o.version + 1, updated_at = now(),
    completed_at = CASE WHEN l.status = 'COMPLETED' THEN now() END
  FROM bench_lines l WHERE l.line = :line AND o.id = l.id
  RETURNING o.*, old.status AS from_status
)
INSERT INTO order_events (order_id, version, type, from_status, to_status, changed_fields, actor_kind, command_id,
  customer_id, payload, occurred_at)
SELECT id, version, 'STATUS_CHANGED', from_status, status,
  '{status}', 'admin', gen_random_uuid(), customer_id, jsonb_build_object('currency', currency, 'status', status,
  'totalMinor', total::text, 'createdAt', created_at), updated_at
FROM changed
RETURNING order_id, version, to_status, occurred_at`,
};
