// Measures Ordergraph over HTTP, beside other servers in the same run: docs/performance.md.
// npm run bench -- --help
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printFailure, withTemporaryPostgres, type TemporaryPostgres } from '../temporary-postgres.ts';
import { factsOf } from './facts.ts';
import { HELP, readOptions, type Options } from './options.ts';
import { createProgress } from './progress.ts';
import { summarize } from './results.ts';
import { measureRounds } from './rounds.ts';
import { startContestants } from './servers.ts';
import { reportOf } from './report.ts';
import { ordersPerCore, rateTable, ratioTable } from './tables.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stop.abort(new Error(`Stopped by ${name}.`)));
}
try {
  await main();
} catch (cause) {
  printFailure(cause);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) return console.log(HELP);
  if (spawnSync('wrk', ['--version']).error !== undefined) {
    throw new Error('wrk is not on the PATH: apt-get install wrk.');
  }
  await withTemporaryPostgres(async (postgres) => {
    try {
      await bench(options, postgres);
    } catch (cause) {
      stop.signal.throwIfAborted(); // what else failed then is a consequence
      throw cause;
    }
  });
}

async function bench(options: Options, { url, postmaster, folder }: TemporaryPostgres): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { signal } = stop;
  const say = (what: string) => process.stderr.write(`bench: ${what} …\n`);
  const contestants = await startContestants(options, { url, folder, signal, stack, say });
  const onProgress = createProgress(process.stderr);
  const results = summarize(await measureRounds({ options, contestants, postmaster, signal, onProgress }));
  const facts = factsOf(options);
  console.log(`\n${facts.join('\n')}\n${rateTable(results)}`);
  if (contestants.length > 1) console.log(`\n${ratioTable(results)}`);
  console.log(`\n${ordersPerCore(results) ?? ''}`);
  await writeFile(options.report, reportOf(results, facts));
  console.log(`\nReport: ${path.resolve(options.report)}`);
}
