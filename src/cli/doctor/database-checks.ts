import type { Client } from 'pg';
import type { Config } from '../../config.js';
import { withClient } from '../../database/client.js';
import { findEmbeddedPostgres } from '../../database/embedded-postgres.js';
import { pendingMigrations } from '../../database/pending-migrations.js';
import { checkVersion } from '../../database/startup-checks.js';
import { ok, problem, warning, type Check, type Finding } from './finding.js';

type Result = Omit<Finding, 'subject'>;

/** The checks of the configured database. */
export async function databaseChecks({ database, fulfilment }: Config): Promise<Check[]> {
  const { source, poolSize } = database;
  const url = source.kind === 'external' ? source.directUrl : await findEmbeddedPostgres(source.dataDir);
  if (url === null) {
    const message = 'The embedded PostgreSQL does not run, so it is not checked. It runs while a server runs.';
    return [{ subject: 'database', run: async () => [ok(message)] }];
  }
  const reachable = { subject: 'database', run: () => version(url) };
  try {
    await withClient(url, (client) => client.query('SELECT'));
  } catch {
    return [reachable]; // it reports the failure, which all other checks would repeat
  }
  const connections = poolSize + (fulfilment.kind === 'off' ? OTHER_CONNECTIONS : OTHER_CONNECTIONS + JOB_CONNECTIONS);
  const inDatabase = (subject: string, check: (client: Client) => Promise<Result[]>): Check => ({
    subject,
    run: () => withClient(url, check),
  });
  return [
    reachable,
    { subject: 'migrations', run: () => migrations(url) },
    inDatabase('durability', durability),
    inDatabase('connections', (client) => connectionLimit(client, connections)),
    inDatabase('clock', clock),
    inDatabase('vacuum', vacuum),
    inDatabase('transactions', longTransactions),
  ];
}

/** The listener, the cancellation of counts, and a command. */
const OTHER_CONNECTIONS = 3;
const JOB_CONNECTIONS = 2;

async function version(url: string): Promise<Result[]> {
  await checkVersion(url);
  const { rows } = await withClient(url, (client) =>
    client.query<{ version: string; size: string }>(
      "SELECT current_setting('server_version') AS version, pg_size_pretty(pg_database_size(current_database())) AS size",
    ),
  );
  return [ok(`PostgreSQL ${rows[0]?.version} at ${new URL(url).host} responds; the database has ${rows[0]?.size}.`)];
}

async function migrations(url: string): Promise<Result[]> {
  const pending = await pendingMigrations(url);
  if (pending.length === 0) return [ok('All migrations are applied.')];
  return [problem(`Migrations are missing: ${pending.join(', ')}.`, 'Run "npm run migrate".')];
}

async function durability(client: Client): Promise<Result[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'off'",
  );
  if (rows.length === 0) return [ok('fsync, synchronous_commit and full_page_writes are on.')];
  return rows.map(({ name }) =>
    problem(`${name} is off: a crash of the database can lose acknowledged orders.`, `Set ${name} = on in PostgreSQL.`),
  );
}

async function connectionLimit(client: Client, needed: number): Promise<Result[]> {
  const { rows } = await client.query<{ free: number; max: number }>(
    `SELECT current_setting('max_connections')::int AS max,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS free`,
  );
  const { free = 0, max = 0 } = rows[0] ?? {};
  const servers = Math.floor(max / needed);
  const text = `${free} of ${max} connections are free; a server with DATABASE_POOL_SIZE uses up to ${needed}.`;
  if (free >= needed) return [ok(`${text} They are enough for ${servers} servers in all.`)];
  return [warning(text, 'Raise max_connections, lower DATABASE_POOL_SIZE, or use a pooler.')];
}

const CLOCK_WARNING_MS = 2_000;

async function clock(client: Client): Promise<Result[]> {
  const began = Date.now();
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const differenceMs = Math.abs((rows[0]?.now.getTime() ?? 0) - (began + Date.now()) / 2);
  if (differenceMs < CLOCK_WARNING_MS) return [ok('The clocks of this machine and of the database agree.')];
  const text = `The clock of the database differs by ${Math.round(differenceMs / 1_000)} s from that of this machine.`;
  return [warning(text, 'Synchronize both clocks by NTP: the expiry of tokens and leases depends on them.')];
}

async function vacuum(client: Client): Promise<Result[]> {
  const { rows } = await client.query<{ autovacuum: string }>("SELECT current_setting('autovacuum') AS autovacuum");
  const { rows: bloated } = await client.query<{ name: string; dead: number }>(
    `SELECT relname AS name, n_dead_tup::int AS dead FROM pg_stat_user_tables
    WHERE relname IN ('orders', 'order_items', 'order_events', 'event_consumers', 'order_stats')
      AND n_dead_tup > 100000 AND n_dead_tup > n_live_tup / 2`,
  );
  const remedy = 'Set autovacuum = on, and end long transactions. VACUUM (ANALYZE) removes dead rows at once.';
  const results = bloated.map(({ name, dead }) => warning(`The table ${name} has ${dead} dead rows.`, remedy));
  if (rows[0]?.autovacuum === 'off')
    results.push(warning('autovacuum is off: tables grow and plans get worse.', remedy));
  return results.length === 0 ? [ok('autovacuum is on, and no table has many dead rows.')] : results;
}

async function longTransactions(client: Client): Promise<Result[]> {
  const { rows } = await client.query<{ pid: number; minutes: number; application: string }>(
    `SELECT pid, (extract(epoch FROM clock_timestamp() - xact_start) / 60)::int AS minutes, application_name AS application
    FROM pg_stat_activity
    WHERE xact_start < clock_timestamp() - interval '5 minutes' AND backend_type = 'client backend'`,
  );
  if (rows.length === 0) return [ok('No transaction is open for more than 5 minutes.')];
  return rows.map(({ pid, minutes, application }) =>
    warning(
      `The transaction of process ${pid} (${application || 'no application name'}) is open for ${minutes} minutes.`,
      `It prevents the removal of dead rows. End it, for example with SELECT pg_terminate_backend(${pid}).`,
    ),
  );
}
