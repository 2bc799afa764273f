import { createSecretKey } from 'node:crypto';
import type { Server } from 'node:http';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import { serverSecret } from '../database/server-secret.js';
import { readFulfilmentReport } from '../fulfilment/dead-letters.js';
import type { MetricsOptions } from '../http/metrics.js';
import { createRequestGuard, LOOPBACK_NAMES } from '../http/request-guard.js';
import type { Websockets } from '../http/websocket.js';
import { createFailureLog } from '../observability/failure-log.js';
import type { Metrics } from '../observability/metrics.js';
import { createRequestLog, type RequestLog } from '../observability/request-log.js';
import { createSharedRead } from '../observability/shared-read.js';
import type { ConsumerSummary } from '../events/consumers/cached-report.js';
import type { Setup } from './setup.js';
import { measureLog } from '../store/statements/measure-log.js';

/** Several scrapes within this time share their reads. */
const CACHE_MS = 1_000;
/** Counting the jobs reads all of them. */
const JOBS_CACHE_MS = 10_000;
const MAX_COUNTED_EVENTS = 10_000;

type ReportConsumers = () => Promise<readonly ConsumerSummary[] | null>;

/** Measures the event log and its consumers at each scrape. */
export function watchEventLog(
  { eventLog }: Metrics,
  { reads }: Database,
  { reportConsumers, log }: { readonly reportConsumers: ReportConsumers; readonly log: Logger },
): void {
  const failures = createFailureLog(log);
  eventLog.watch({
    eventLog: createSharedRead({
      read: async () => {
        const { position, ...rest } = await measureLog(reads, MAX_COUNTED_EVENTS);
        failures.worked('the event log can be measured again');
        return { ...rest, position: Number(position) };
      },
      cacheMs: CACHE_MS,
      onFailure: (cause) => failures.failed(cause, 'the event log cannot be measured'),
    }),
    consumers: createSharedRead({ read: reportConsumers, cacheMs: 0, onFailure: () => undefined }),
  });
}

/** Counts the jobs of fulfilment at each scrape. */
export function watchFulfilment({ fulfilment }: Metrics, { prisma }: Database, log: Logger): void {
  const failures = createFailureLog(log);
  fulfilment.watch(
    createSharedRead({
      read: async () => {
        const { queued, deadLetters, oldestDueAt } = await readFulfilmentReport(prisma, 0);
        failures.worked('fulfilment: the jobs can be counted again');
        return { queued, deadLetters, oldestDueMs: oldestDueAt === null ? null : Date.now() - oldestDueAt.getTime() };
      },
      cacheMs: JOBS_CACHE_MS,
      onFailure: (cause) => failures.failed(cause, 'fulfilment: the jobs cannot be counted'),
    }),
  );
}

interface WatchedServer {
  readonly server: Server;
  readonly websockets: Websockets;
  /** Why the server is not ready, or null if it is. */
  readonly unready: () => Promise<string | null>;
}

/** Counts connections and checks the readiness at each scrape. */
export function watchServer(
  { subscriptions, database }: Metrics,
  { server, websockets, unready }: WatchedServer,
): void {
  const countAll = promisify<number>((done) => server.getConnections(done));
  subscriptions.watchConnections(async () => {
    const [all, open] = [await countAll(), websockets.count()];
    return { httpConnections: Math.max(0, all - open), websockets: open };
  });
  const read = async () => ({ isReady: (await unready()) === null });
  const readiness = createSharedRead({ read, cacheMs: 0, onFailure: () => undefined });
  database.watchReadiness(async () => (await readiness())?.isReady ?? false);
}

export function metricsOptions(
  { metricsToken, guard }: Pick<Config, 'metricsToken' | 'guard'>,
  { registry, readAll }: Metrics,
): MetricsOptions {
  // A page of any other name could read them by DNS rebinding.
  const ofThisMachine = createRequestGuard({ ...guard, hosts: guard.hosts ?? LOOPBACK_NAMES });
  return { text: readAll, contentType: registry.contentType, token: metricsToken, guard: ofThisMachine };
}

/** The log of requests; null if it is off. The viewers in it have the same pseudonyms on every server of the database. */
export async function requestLogOf({ config, log }: Setup, database: Database): Promise<RequestLog | null> {
  if (!config.logRequests) return null;
  return createRequestLog(log, createSecretKey(await serverSecret(database, 'request-log')));
}
