import { randomBytes } from 'node:crypto';
import { loadEnvFile } from '../config.js';
import { StartupError } from '../startup-error.js';
import { CommandError } from './command-error.js';
import { createGraphQLClient, type GraphQLClient } from './graphql-client.js';
import { createProgress } from './progress.js';
import { createOrders } from './stress-test/create-orders.js';
import type { StressRun } from './stress-test/planned-orders.js';
import { readStressOptions, STRESS_STATUS, type StressOptions } from './stress-test/stress-options.js';
import { formatReport, reportOf, type StressReport } from './stress-test/stress-report.js';
import { verifyOrders } from './stress-test/verify-orders.js';

/** Creates orders on a running server, reads them back, and reports rate, latency and wrong orders. */
export async function stressTest(words: readonly string[]): Promise<string> {
  loadEnvFile(); // for the server's PORT
  const options = readStressOptions(words);
  const client = createGraphQLClient({ ...options, connections: options.concurrency });
  try {
    const run = { id: randomBytes(6).toString('hex'), hasCustomers: await mayNameCustomers(client, options) };
    const report = await runTest(client, run, options);
    process.stdout.write(`${options.json ? JSON.stringify(report) : formatReport(report)}\n`);
    checkReport(report, options);
    return '';
  } finally {
    client.close();
  }
}

/** @throws StartupError if the server cannot be used */
async function mayNameCustomers(client: GraphQLClient, { url }: StressOptions): Promise<boolean> {
  const query = 'query StressTestViewer { viewer { roles } }';
  const answer = await client.send(JSON.stringify({ query })).catch((cause: unknown) => {
    throw new StartupError(`No server responds at ${url}. Start it with "npm start", or set --url.`, { cause });
  });
  const { data, errorCode, message } = answer;
  if (errorCode === 'UNAUTHENTICATED') throw new StartupError(`${message} Set --token.`);
  if (errorCode !== null) throw new StartupError(`The server at ${url} cannot be used: ${message}`);
  const { viewer } = data as { readonly viewer: { readonly roles: readonly string[] } };
  return viewer.roles.some((role) => /^(staff|admin)$/i.test(role));
}

async function runTest(client: GraphQLClient, run: StressRun, options: StressOptions): Promise<StressReport> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(); // the second signal ends the process
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const creating = createProgress('Creating ', options.orders);
  const creations = await createOrders(client, run, { ...options, signal: stop.signal, onProgress: creating.show });
  creating.end();
  const reading = createProgress('Reading  ', creations.ids.size);
  const verification = await verifyOrders(client, run, creations.ids, reading.show);
  reading.end();
  return reportOf(options, creations, verification, { run: run.id, interrupted: stop.signal.aborted });
}

/** @throws CommandError if orders are wrong, or requests failed */
function checkReport({ verification, failed }: StressReport, { allowFailures }: StressOptions): void {
  const { lost, different, doubled } = verification;
  if (lost.length + different.length + doubled.length > 0) {
    const counts = `${lost.length} lost, ${different.length} different, ${doubled.length} doubled`;
    throw new CommandError(STRESS_STATUS.wrongOrders, `The stored orders differ from the created ones: ${counts}.`);
  }
  if (failed > 0 && !allowFailures) {
    throw new CommandError(STRESS_STATUS.failedRequests, `${failed} orders were not created.`);
  }
}
