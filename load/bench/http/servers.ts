// The servers of a run, each on a database of its own in the same PostgreSQL.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { migrate } from '../../../dist/database/migrate.js';
import { createDatabase, runSql } from '../temporary-postgres.ts';
import { buildCommit } from './against.ts';
import { BASELINE_FOLDER, installBaselines, readBaselineFile } from './baselines.ts';
import type { Contestant } from './cells.ts';
import { startChildServer } from './child-server.ts';
import { ORDERGRAPH_DOCUMENTS, type Documents } from './documents.ts';
import { startEcho } from './echo.ts';
import { graphqlServer, type GraphqlServer } from './graphql-server.ts';
import type { Options } from './options.ts';
import { ORDINARY_DOCUMENTS } from './ordinary.ts';
import { SEED_ORDERGRAPH, SEED_ORDINARY, SEEDED_ORDERS, storedOrders, type StoredOrders } from './orders.ts';
import { pgbench } from './pgbench.ts';
import { signToken } from '../../../tests/support/tokens.ts';
import { POSTGRAPHILE_DOCUMENTS } from './postgraphile.ts';

const TREE = path.resolve(import.meta.dirname, '../../..');
const SEEDED = 'seeded';
/** Longer than any run. */
const TOKEN_SECONDS = 43_200;
/** The maximum of the rate limit's variables. */
const UNREACHED = '1000000000';

export interface Setting {
  /** The URL of PostgreSQL. */
  readonly url: string;
  /** A temporary folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Ends what was started. */
  readonly stack: AsyncDisposableStack;
  readonly say: (what: string) => void;
}

/** Starts the contestants. Ordergraph is the first. */
export async function startContestants(options: Options, setting: Setting): Promise<readonly Contestant[]> {
  const { baselines } = options;
  const installed = baselines.filter((name) => name === 'postgraphile' || name === 'ordinary');
  if (installed.length > 0) await installBaselines(setting);
  setting.say(`storing ${SEEDED_ORDERS} orders`);
  const seeded = await createDatabase(setting.url, SEEDED);
  await migrate(seeded);
  await storedOrders(seeded, SEED_ORDERGRAPH).seed(SEEDED_ORDERS);
  await runSql(seeded, 'VACUUM (ANALYZE)');

  const ordergraph = await startOrdergraph(setting);
  const contestants = [ordergraph.contestant];
  if (baselines.includes('token')) contestants.push((await startWithToken(setting)).contestant);
  if (baselines.includes('workers')) contestants.push((await startWithWorkers(setting)).contestant);
  if (baselines.includes('postgraphile')) contestants.push((await startPostgraphile(setting)).contestant);
  if (baselines.includes('ordinary')) contestants.push((await startOrdinary(setting)).contestant);
  if (options.against !== null) contestants.push((await startCommit(setting, options.against)).contestant);
  if (baselines.includes('pgbench')) contestants.push(...(await findPgbench(setting)));
  if (baselines.includes('echo')) contestants.push(await startEcho({ ...setting, like: ordergraph }));
  return contestants;
}

async function startOrdergraph(setting: Setting): Promise<GraphqlServer> {
  return startTree(setting, { name: 'ordergraph', database: 'ordergraph_bench', env: {}, token: null });
}

async function startWithWorkers(setting: Setting): Promise<GraphqlServer> {
  return startTree(setting, { name: 'workers', database: 'with_workers', env: { WORKERS: '2' }, token: null });
}

/** The same server with authentication, permissions and a rate limit that is never reached. */
async function startWithToken(setting: Setting): Promise<GraphqlServer> {
  const secret = randomBytes(32).toString('hex');
  const env = { AUTH_JWT_SECRET: secret, RATE_LIMIT_CAPACITY: UNREACHED, RATE_LIMIT_RESTORE: UNREACHED };
  const token = await signToken({ sub: 'bench', roles: ['staff'], expiresIn: TOKEN_SECONDS }, secret);
  return startTree(setting, { name: 'token', database: 'with_token', env, token });
}

async function startTree(
  setting: Setting,
  { name, database: databaseName, env, token }: Pick<Server, 'name' | 'env' | 'token'> & { readonly database: string },
): Promise<GraphqlServer> {
  const database = await createDatabase(setting.url, databaseName, SEEDED);
  const orders = storedOrders(database, SEED_ORDERGRAPH);
  const args = ['--max-semi-space-size=64', path.join(TREE, 'dist/main.js')]; // as npm start does
  const variables = { PORT: '0', DATABASE_URL: database, LOG_LEVEL: 'info', ...env };
  return start(setting, { name, args, env: variables, token, documents: ORDERGRAPH_DOCUMENTS, orders });
}

/** Its schema may differ: the database is made by its own migrations. */
async function startCommit(setting: Setting, commit: string): Promise<GraphqlServer> {
  setting.say(`building ${commit} in a temporary folder, one to three minutes`);
  const tree = await buildCommit(TREE, commit, setting);
  const database = await createDatabase(setting.url, 'against');
  const orders = storedOrders(database, SEED_ORDERGRAPH);
  const args = [path.join(tree.folder, 'dist/main.js')];
  const env = { PORT: '0', DATABASE_URL: database, DATABASE_MIGRATE: 'always', LOG_LEVEL: 'info' };
  const server = await start(setting, {
    name: 'against',
    args,
    env,
    token: null,
    documents: ORDERGRAPH_DOCUMENTS,
    orders,
  });
  await orders.seed(SEEDED_ORDERS);
  await runSql(database, 'VACUUM (ANALYZE)');
  return server;
}

async function startPostgraphile(setting: Setting): Promise<GraphqlServer> {
  const database = await createDatabase(setting.url, 'postgraphile', SEEDED);
  await runSql(database, await readBaselineFile('postgraphile.sql'));
  const orders = storedOrders(database, SEED_ORDERGRAPH);
  const args = [path.join(BASELINE_FOLDER, 'postgraphile.js')];
  const env = { DATABASE_URL: database, NODE_ENV: 'production', GRAPHILE_ENV: 'production' };
  return start(setting, { name: 'postgraphile', args, env, token: null, documents: POSTGRAPHILE_DOCUMENTS, orders });
}

async function startOrdinary(setting: Setting): Promise<GraphqlServer> {
  const database = await createDatabase(setting.url, 'ordinary');
  await runSql(database, await readBaselineFile('ordinary/tables.sql'));
  const orders = storedOrders(database, SEED_ORDINARY);
  await orders.seed(SEEDED_ORDERS);
  await runSql(database, 'VACUUM (ANALYZE)');
  const args = [path.join(BASELINE_FOLDER, 'dist/server.js')];
  const env = { DATABASE_URL: database, NODE_ENV: 'production' };
  return start(setting, { name: 'ordinary', args, env, token: null, documents: ORDINARY_DOCUMENTS, orders });
}

/** pgbench opens a connection for each caller in its measured time: the password is cheap to check. */
const PGBENCH_ROLE = `SET scram_iterations = 1; CREATE ROLE bench LOGIN SUPERUSER PASSWORD 'bench'`;

async function findPgbench({ url, folder, signal, say }: Setting): Promise<readonly Contestant[]> {
  if (spawnSync('pgbench', ['--version']).error !== undefined) {
    say('pgbench is not on the PATH and is left out: apt-get install postgresql-contrib');
    return [];
  }
  const database = await createDatabase(url, 'pgbench', SEEDED);
  await runSql(database, PGBENCH_ROLE);
  const account = new URL(database);
  account.username = account.password = 'bench';
  return [pgbench({ url: account.href, orders: storedOrders(database, SEED_ORDERGRAPH), folder, signal })];
}

interface Server {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly token: string | null;
  readonly documents: Documents;
  readonly orders: StoredOrders;
}

async function start({ stack, folder, signal }: Setting, server: Server): Promise<GraphqlServer> {
  const { name, args, env, token, documents, orders } = server;
  const { url, pid } = stack.use(await startChildServer({ name, args, env, folder }));
  return graphqlServer({ name, url, pid, token, documents, orders, folder, signal });
}
