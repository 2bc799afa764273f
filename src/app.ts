import type { Logger } from 'pino';
import { connect, providePostgres } from './app/database.js';
import { startEvents } from './app/events.js';
import { startFulfilment } from './app/fulfilment.js';
import { requestLogOf, watchEventLog } from './app/metrics.js';
import { createOrders } from './app/orders.js';
import { rateLimiterOf, serve } from './app/serve.js';
import type { ProcessSetup, Setup } from './app/setup.js';
import { startTraces } from './app/traces.js';
import type { Config } from './config.js';
import { createReadiness } from './database/readiness.js';
import type { Services } from './graphql/context.js';
import { createFailureReport } from './observability/failure-report.js';
import { createMetrics, type Metrics } from './observability/metrics.js';
import { createEventSubscriptions } from './orders/event-subscriptions.js';
import type { SubscriptionHub } from './orders/interfaces/subscription-hub.js';
import type { OrderDependencies } from './orders/order-dependencies.js';
import { createRedisConnection, type RedisConnection } from './redis/redis-connection.js';

export interface App {
  readonly url: string;
  /** Resolves with the reason when the server has lost what it cannot serve without. */
  readonly lost: Promise<string>;
  /** Stops accepting requests, ends those in progress, then closes everything in reverse order of opening. */
  close(): Promise<void>;
}

/** How a start is ended. */
export interface StartLimits {
  /** Aborts when the start must end. */
  readonly stopping: AbortSignal;
  /** Rejects when a start that does not end is abandoned. */
  readonly cutOff: Promise<never>;
}

/**
 * Creates and starts the server. The opened parts are closed again if a step fails, or if `cutOff` rejects earlier.
 *
 * @param metrics those of the process; a worker reads those of all workers
 */
export function createApp(
  config: Config,
  log: Logger,
  limits?: StartLimits,
  metrics: Metrics = createMetrics(),
): Promise<App> {
  return openApp({ config, log, limits }, (setup, onLost) => start({ ...setup, metrics, parts: new Map() }, onLost));
}

interface Opening extends Pick<Setup, 'config' | 'log'> {
  readonly limits: StartLimits | undefined;
}

/** @param start opens the parts of the app. It returns its URL. */
export async function openApp({ config, log, limits }: Opening, start: StartApp): Promise<App> {
  const resources = new AsyncDisposableStack();
  let closing: Promise<void> | null = null;
  const close = () => (closing ??= resources.disposeAsync()); // a second disposal would not wait for the first
  const lost = Promise.withResolvers<string>();
  try {
    const stopping = limits?.stopping ?? new AbortController().signal;
    const starting = start({ config, log, resources, stopping }, lost.resolve);
    const url = await (limits === undefined ? starting : Promise.race([starting, limits.cutOff]));
    return { url, lost: lost.promise, close };
  } catch (cause) {
    await close().catch((failure: unknown) =>
      log.error({ err: failure }, 'closing after a failed start was incomplete'),
    );
    throw cause;
  }
}

type StartApp = (setup: ProcessSetup, onLost: (reason: string) => void) => Promise<string>;

async function start(given: Setup, onLost: (reason: string) => void): Promise<string> {
  const setup = { ...given, tracer: await startTraces(given) }; // opened first and closed last, so that it exports the last spans
  const postgres = await providePostgres(setup, onLost);
  const database = await connect(setup, postgres.url);
  const { hub, wakeSequencer, reportConsumers } = await startEvents(setup, database, postgres.directUrl);
  const redis = connectRedis(setup);
  const orders = await createOrders(setup, database, redis, wakeSequencer);
  watchEventLog(setup.metrics, database, { reportConsumers, log: setup.log });
  const stopFulfilment = await startFulfilment(setup, { database, url: postgres.url, orders });
  const serverUrl = await serve(setup, createServices(setup, orders, hub), {
    requestLog: await requestLogOf(setup, database),
    rateLimiter: rateLimiterOf(setup.config, redis),
    problem: createReadiness(database),
    consumers: reportConsumers,
    onClosing: () => {
      hub.close();
      stopFulfilment();
    },
  });
  await postgres.announce?.(serverUrl);
  return serverUrl;
}

/** Null without Redis. The server starts without waiting for it. */
function connectRedis({ config, log, resources, parts }: Setup): RedisConnection | null {
  if (config.redisUrl === null) return null;
  const redis = createRedisConnection({ url: config.redisUrl, log });
  resources.defer(() => redis.close());
  parts.set('redis', redis.state);
  return redis;
}

function createServices({ config, log }: Setup, orders: OrderDependencies, hub: SubscriptionHub): Services {
  const { deadlineMs } = config.request;
  const { readerFor } = orders;
  return {
    orders,
    subscribe: createEventSubscriptions({ hub, readerFor, replayMax: config.events.replayMax }),
    report: createFailureReport(log),
    deadlineMs,
  };
}
