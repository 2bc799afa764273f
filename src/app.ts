import { createSecretKey, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createTokenAuthentication } from './auth/authenticate-by-token.js';
import type { Authenticate } from './auth/authenticate.js';
import { authenticateAsOpenAdmin } from './auth/open-viewer.js';
import { createRemoteKeys } from './auth/remote-keys.js';
import { createSecretKeys } from './auth/secret-keys.js';
import { createHttpProductLookup } from './catalogue/http-product-lookup.js';
import { createRedisProductCache } from './catalogue/redis-product-cache.js';
import { coalesceReads } from './coalesce/reader.js';
import { coalesceWrites } from './coalesce/writer.js';
import type { Config } from './config.js';
import { createConsumers, fulfilmentHandlerOf } from './consumers.js';
import { openDatabase, type Database } from './database/database.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { announce, listen } from './database/notifications.js';
import { prepareSchema } from './database/prepare-schema.js';
import { createReadiness } from './database/readiness.js';
import { serverSecret } from './database/server-secret.js';
import { checkSession } from './database/startup-checks.js';
import { createCachedReport } from './events/consumers/cached-report.js';
import { startConsumers } from './events/consumers/consumer-runner.js';
import { startLogTailer } from './events/log-tailer.js';
import { startSequencer } from './events/sequencer.js';
import { createSubscriptionHub } from './events/subscription-hub.js';
import { prepareJobSchema } from './fulfilment/job-schema.js';
import { startFulfilmentWorker } from './fulfilment/worker.js';
import { createContext, type Context, type RequestOrigin, type Services } from './graphql/context.js';
import { createErrorFormatter } from './graphql/errors.js';
import { PreparedDocuments } from './graphql/execution/prepared-documents.js';
import { introspectionRules } from './graphql/introspection-rule.js';
import { policyOf } from './graphql/policy.js';
import { createSchema } from './graphql/schema.js';
import { createApollo } from './http/apollo.js';
import { createChargeFor } from './http/charge-for.js';
import { createAddressOf } from './http/client-address.js';
import { createFastLane } from './http/fast-lane.js';
import { createFinish } from './http/finish-response.js';
import { closeWithin, listenOn } from './http/listen.js';
import { createRequestGuard } from './http/request-guard.js';
import { createHttp, urlOf, type HttpOptions } from './http/server.js';
import { loadTrustedDocuments } from './http/trusted-documents.js';
import { serveWebsockets } from './http/websocket.js';
import { createFailureReport } from './observability/failure-report.js';
import { createMemoryRateLimiter } from './rate-limit/memory-rate-limiter.js';
import type { RateLimiter } from './rate-limit/rate-limiter.js';
import { createRedisRateLimiter } from './rate-limit/redis-rate-limiter.js';
import { createEventSubscriptions } from './orders/event-subscriptions.js';
import type { SubscriptionHub } from './orders/interfaces/subscription-hub.js';
import { createRedisConnection, type RedisConnection } from './redis/redis-connection.js';
import type { OrderDependencies } from './orders/order-dependencies.js';
import type { ProductLookup } from './orders/interfaces/product-lookup.js';
import { createEventLog } from './store/event-log.js';
import { createReader } from './store/reader.js';
import { createBatchWriter } from './store/write-batch.js';

export interface App {
  readonly url: string;
  /** Resolves with the reason when the server has lost what it cannot serve without. */
  readonly lost: Promise<string>;
  /** Stops accepting requests, ends those in progress, then closes everything in reverse order of opening. */
  close(): Promise<void>;
}

/** Creates and starts the server. What was opened is closed again when a step fails, or when `cutOff` rejects before. */
export async function createApp(config: Config, log: Logger, cutOff?: Promise<never>): Promise<App> {
  const resources = new AsyncDisposableStack();
  let closing: Promise<void> | null = null;
  const close = () => (closing ??= resources.disposeAsync()); // a second disposal would not wait for the first
  const lost = Promise.withResolvers<string>();
  try {
    const starting = start({ config, log, resources }, lost.resolve);
    const url = await (cutOff === undefined ? starting : Promise.race([starting, cutOff]));
    return { url, lost: lost.promise, close };
  } catch (cause) {
    await close().catch((failure: unknown) =>
      log.error({ err: failure }, 'closing after a failed start was incomplete'),
    );
    throw cause;
  }
}

/** What every part of the server is created with. */
interface Setup {
  readonly config: Config;
  readonly log: Logger;
  /** Closes what was opened, in reverse order. */
  readonly resources: AsyncDisposableStack;
}

async function start(setup: Setup, onLost: (reason: string) => void): Promise<string> {
  const postgres = await providePostgres(setup, onLost);
  const database = await connect(setup, postgres.url);
  const { hub, wakeSequencer, reportConsumers } = await startEvents(setup, database, postgres.directUrl);
  const redis = connectRedis(setup);
  const orders = await createOrders(setup, database, redis, wakeSequencer);
  await startFulfilment(setup, postgres.url, orders);
  const serverUrl = await serve(setup, createServices(setup, orders, hub), {
    rateLimiter: rateLimiterOf(setup.config, redis),
    problem: createReadiness(database),
    consumers: reportConsumers,
  });
  await postgres.announce?.(serverUrl);
  return serverUrl;
}

async function providePostgres({ config, log, resources }: Setup, onLost: (reason: string) => void) {
  const { source, migrate } = config.database;
  const prepare = async (directUrl: string) => {
    await prepareSchema(directUrl, migrate, log);
    if (config.fulfilment.kind !== 'off') await prepareJobSchema(directUrl, migrate, log);
  };
  if (source.kind === 'external') {
    await prepare(source.directUrl);
    return { ...source, announce: null };
  }
  const embedded = await startEmbeddedPostgres({ dataDir: source.dataDir, log, onLost });
  resources.defer(() => embedded.close());
  const { url } = embedded;
  await prepare(url);
  return { url, directUrl: url, announce: (serverUrl: string) => embedded.announce(serverUrl) };
}

async function connect({ config, log, resources }: Setup, url: string): Promise<Database> {
  const { source: _, migrate: __, ...bounds } = config.database;
  const database = openDatabase({ ...bounds, url, applicationName: 'ordergraph' }, log);
  resources.defer(() => database.close());
  await checkSession(database);
  return database;
}

/** Null without Redis. The server starts without waiting for it. */
function connectRedis({ config, log, resources }: Setup): RedisConnection | null {
  if (config.redisUrl === null) return null;
  const redis = createRedisConnection({ url: config.redisUrl, log });
  resources.defer(() => redis.close());
  return redis;
}

/** Commit → sequencer → event log → log tailer → subscription hub and consumers. */
async function startEvents({ config, log, resources }: Setup, database: Database, directUrl: string) {
  const { debounceMs, pollMs, maxQueued, maxCost } = config.events;
  const eventLog = createEventLog(database);
  const self = randomUUID();

  const hub = createSubscriptionHub({ maxQueued, maxCost });
  resources.defer(() => hub.close());
  const list = createConsumers(config, log);
  const consumers = await startConsumers({
    consumers: list,
    database,
    eventLog,
    holder: self,
    pollMs,
    log,
  });
  resources.defer(() => consumers.close());
  const tailer = await startLogTailer({
    eventLog,
    debounceMs: 0,
    pollMs,
    isWatched: hub.isWatched,
    publish: hub.publish,
    skipTo: hub.skipTo,
    rewindTo: hub.rewindTo,
    onLogged: consumers.eventsLogged,
    log,
  });
  resources.defer(() => tailer.close());
  const listener = listen(directUrl, self, () => tailer.wake(), log);
  resources.defer(() => listener.close());
  const onSequenced = () => {
    tailer.wake();
    announce(database, self).catch((cause: unknown) =>
      log.warn({ err: cause }, 'notifying other servers of new events failed; they poll'),
    );
  };
  const sequencer = startSequencer({ eventLog, debounceMs, pollMs, onSequenced, log });
  resources.defer(() => sequencer.close());
  const names = list.map(({ name }) => name);
  return { hub, wakeSequencer: sequencer.wake, reportConsumers: createCachedReport(database, names, log) };
}

async function createOrders(
  { config, log, resources }: Setup,
  database: Database,
  redis: RedisConnection | null,
  onCommit: (orderIds: readonly string[]) => void,
): Promise<OrderDependencies> {
  const { statementTimeoutMs, connectTimeoutMs } = config.database;
  const batchWriter = createBatchWriter(database, {
    transactionTimeoutMs: 2 * statementTimeoutMs,
    maxWaitMs: connectTimeoutMs,
    onCommit,
    log,
  });
  const writer = coalesceWrites(batchWriter, config.writes);
  resources.defer(() => writer.idle());
  return {
    writer,
    readerFor: coalesceReads(createReader(database, config.reads, log), config.reads),
    productLookup: productLookupOf(config, redis, log),
    fingerprintSecret: createSecretKey(await serverSecret(database, 'fingerprint')),
  };
}

/** Works off the jobs of the consumer `fulfilment`. */
async function startFulfilment({ config, log, resources }: Setup, url: string, orders: OrderDependencies) {
  const handler = fulfilmentHandlerOf(config);
  if (handler === null) return;
  const { database, shutdownGraceMs: graceMs } = config;
  const worker = await startFulfilmentWorker({
    url,
    connectTimeoutMs: database.connectTimeoutMs,
    graceMs,
    handler,
    orders,
    log,
  });
  resources.defer(() => worker.close());
}

function productLookupOf({ catalogue }: Config, redis: RedisConnection | null, log: Logger): ProductLookup | null {
  if (catalogue.kind === 'none') return null;
  const { url: serviceUrl, cacheSeconds } = catalogue;
  const isShared = redis !== null && cacheSeconds > 0;
  const cache = isShared ? createRedisProductCache({ redis, serviceUrl, cacheMs: cacheSeconds * 1_000, log }) : null;
  return createHttpProductLookup(catalogue, log, cache);
}

function rateLimiterOf({ rateLimit }: Config, redis: RedisConnection | null): RateLimiter | null {
  if (rateLimit === null) return null;
  return redis === null ? createMemoryRateLimiter(rateLimit) : createRedisRateLimiter(rateLimit, redis);
}

function authenticationOf({ auth }: Config, log: Logger): Authenticate {
  switch (auth.kind) {
    case 'open':
      return authenticateAsOpenAdmin;
    case 'secret':
      return createTokenAuthentication(createSecretKeys(auth.secret), auth.rules);
    case 'jwks':
      return createTokenAuthentication(createRemoteKeys({ url: auth.url, log }), auth.rules);
  }
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

interface ServeDependencies extends Pick<HttpOptions, 'consumers'> {
  readonly rateLimiter: RateLimiter | null;
  readonly problem: () => Promise<string | null>;
}

async function serve(
  { config, log, resources }: Setup,
  services: Services,
  { rateLimiter, problem, consumers }: ServeDependencies,
): Promise<string> {
  const { request, introspection, playground, trustedDocuments, shutdownGraceMs, shutdownDrainMs } = config;
  const schema = createSchema(policyOf(config.policy));
  const formatError = createErrorFormatter(services.report, { hideSuggestions: !introspection });
  const documents = new PreparedDocuments(schema, request.fastLane ? 'plan' : 'graphql-js');
  const rules = introspectionRules(introspection);
  const trusted =
    trustedDocuments === null
      ? null
      : await loadTrustedDocuments(trustedDocuments, documents, schema, { ...request, rules });
  const shared = {
    ...request,
    guard: createRequestGuard(config.guard),
    rules,
    trusted,
    documents,
    chargeFor: createChargeFor(rateLimiter, createAddressOf(config.trustedProxies)),
    authenticate: authenticationOf(config, log),
    createContext: (origin: RequestOrigin): Context => createContext(services, origin),
    log,
  };

  const finish = createFinish(request.maxResponseBytes);
  const apollo = createApollo({ ...request, schema, documents, formatError, finish, rules, log });
  await apollo.start();
  resources.defer(() => apollo.stop());
  let draining = false;
  const isDraining = () => draining;
  const unready = () => (draining ? Promise.resolve('shutting down') : problem());
  const fastLane = request.fastLane ? createFastLane({ ...request, documents, formatError, finish }) : null;
  const http = createHttp({ ...shared, apollo, fastLane, playground, isDraining, unready, consumers });
  resources.defer(() => closeWithin(http, shutdownGraceMs));
  const websockets = serveWebsockets({
    ...shared,
    ...config.websockets,
    server: http.server,
    schema,
    formatError,
  });
  resources.defer(() => websockets.close());
  resources.defer(async () => {
    draining = true;
    await sleep(shutdownDrainMs);
  });
  await listenOn(http, config);
  return urlOf(http, config.host);
}
