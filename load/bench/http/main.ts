// Measures Ordergraph over HTTP, beside other servers in the same run: docs/performance.md.
// npm run bench -- --help
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { migrate } from '../../../dist/database/migrate.js';
import {
  createDatabase,
  databaseUrl,
  runSql,
  withTemporaryPostgres,
  type TemporaryPostgres,
} from '../temporary-postgres.ts';
import type { Contestant } from './cells.ts';
import { ORDERGRAPH_DOCUMENTS } from './documents.ts';
import { graphqlContestant } from './graphql-contestant.ts';
import { HELP, readOptions, type Options } from './options.ts';
import { startOrdergraph } from './ordergraph.ts';
import { SEED_ORDERGRAPH, SEEDED_ORDERS, storedOrders } from './orders.ts';
import { createProgress } from './progress.ts';
import { summarize } from './results.ts';
import { measureRounds } from './rounds.ts';
import { rateTable } from './tables.ts';

const TREE = path.resolve(import.meta.dirname, '../../..');
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => stop.abort(new Error(`Stopped by ${name}.`)));
}
await main();

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) return console.log(HELP);
  if (spawnSync('wrk', ['--version']).error !== undefined)
    throw new Error('wrk is not on the PATH: apt-get install wrk.');
  await withTemporaryPostgres((postgres) => bench(options, postgres));
}

async function bench(options: Options, { url, postmaster, folder }: TemporaryPostgres): Promise<void> {
  await using servers = new AsyncDisposableStack();
  const contestants = await startContestants(servers, url, folder);
  const onProgress = createProgress(process.stderr);
  const samples = await measureRounds({ options, contestants, postmaster, signal: stop.signal, onProgress });
  const results = summarize(samples);
  console.log(rateTable(results));
}

/** A migrated database with the orders is made once, and copied for each contestant. */
async function startContestants(
  servers: AsyncDisposableStack,
  url: string,
  folder: string,
): Promise<readonly Contestant[]> {
  const seeded = await createDatabase(url, 'seeded');
  await migrate(seeded);
  await storedOrders(seeded, SEED_ORDERGRAPH).seed(SEEDED_ORDERS);
  await runSql(seeded, 'VACUUM (ANALYZE)');

  const database = await createDatabase(url, 'product', 'seeded');
  const server = servers.use(await startOrdergraph('ordergraph', TREE, database, folder));
  const orders = storedOrders(databaseUrl(url, 'product'), SEED_ORDERGRAPH);
  const shared = { documents: ORDERGRAPH_DOCUMENTS, orders, folder, signal: stop.signal };
  return [graphqlContestant({ name: 'ordergraph', url: server.url, pid: server.pid, ...shared })];
}
