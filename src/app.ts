import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { authenticateAsOpenAdmin } from './auth/open-viewer.js';
import { createHttpProductLookup } from './catalogue/http-product-lookup.js';
import { createLanes } from './coalesce/lanes.js';
import { coalesceReads } from './coalesce/reader.js';
import { coalesceWrites } from './coalesce/writer.js';
import type { Config } from './config.js';
import type { LoggedEvent } from './domain/order-event.js';
import type { Viewer } from './domain/viewer.js';
import { createSubscriptionHub } from './events/subscription-hub.js';
import { startSequencer } from './events/sequencer.js';
import { startStatistics } from './events/consumers/order-statistics.js';
import { startLogTailer } from './events/log-tailer.js';
import { createContext, type Context, type Services } from './graphql/context.js';
import { createErrorFormatter } from './graphql/errors.js';
import { createSchema } from './graphql/schema.js';
import { createApollo } from './http/apollo.js';
import { createHttp, urlOf } from './http/server.js';
import { serveWebsockets } from './http/websocket.js';
import { createBulk } from './orders/bulk-orders.js';
import { createChanges } from './orders/change-order.js';
import { orderCreator, type OrderDependencies } from './orders/create-order.js';
import type { ProductLookup } from './orders/interfaces/product-lookup.js';

import { Closers } from './closers.js';
import { openDatabase, type Database } from './database/database.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { createLogStore } from './store/log-store.js';
import { migrate } from './database/migrate.js';
import { announce, listen } from './database/notifications.js';
import { pendingMigrations } from './database/pending-migrations.js';
import { createReader } from './store/reader.js';
import { createReadiness } from './database/readiness.js';
import { serverSecret } from './database/server-secret.js';
import { cannotUse, checkSession, checkVersion } from './database/startup-checks.js';
import { createStatsKeeper } from './store/order-statistics.js';
import { createWriteBatch } from './store/write-batch.js';
import { StartupError } from './startup-error.js';

export interface App {
  readonly url: string;
  /** Resolves with the reason when the server has lost what it cannot serve without. */
  readonly lost: Promise<string>;
  /** Stops taking requests, ends those under way, then closes everything in the reverse order of its opening. */
  close(): Promise<void>;
}

/**
 * Puts the server together and starts it. What was opened is closed again where a later step fails, or when `cutOff`
 * rejects before the server is up.
 */
export async function createApp(config: Config, log: Logger, cutOff?: Promise<never>): Promise<App> {
  const closers = new Closers();
  try {
    const lost = Promise.withResolvers<string>();
    const starting = start(config, log, closers, lost.resolve);
    const url = await (cutOff === undefined ? starting : Promise.race([starting, cutOff]));
    return { url, lost: lost.promise, close: () => closers.close() };
  } catch (cause) {
    await closers
      .close()
      .catch((failure: unknown) => log.error({ err: failure }, 'closing after a failed start was incomplete'));
    throw cause;
  }
}

async function start(config: Config, log: Logger, closers: Closers, onLost: (reason: string) => void): Promise<string> {
  const { url, directUrl, announce } = await provideDatabase(config, log, closers, onLost);
  const { source: _, migrate: __, ...bounds } = config.database;
  const database = openDatabase({ ...bounds, url, applicationName: 'ordergraph' }, log);
  closers.add(() => database.close());
  await checkSession(database);

  const { hub, wake } = await startEvents(config, database, directUrl, log, closers);
  const services = await createServices(config, database, hub, wake, log, closers);
  const serverUrl = await serve(config, services, createReadiness(database), log, closers);
  await announce?.(serverUrl);
  return serverUrl;
}

async function provideDatabase(config: Config, log: Logger, closers: Closers, onLost: (reason: string) => void) {
  const { source, migrate: mayMigrate } = config.database;
  if (source.kind === 'external') {
    await prepareSchema(source.directUrl, mayMigrate, log);
    return { ...source, announce: null };
  }
  const embedded = await startEmbeddedPostgres({ dataDir: source.dataDir, log, onLost });
  closers.add(() => embedded.close());
  const { url } = embedded;
  await prepareSchema(url, mayMigrate, log);
  return { url, directUrl: url, announce: (serverUrl: string) => embedded.announce(serverUrl) };
}

/** Migrates, or rejects to start on a database that lacks migrations. */
async function prepareSchema(url: string, mayMigrate: boolean, log: Logger): Promise<void> {
  try {
    await checkVersion(url);
    if (mayMigrate) {
      const applied = await migrate(url);
      if (applied.length > 0) log.info({ applied }, 'migrations applied');
      return;
    }
    const pending = await pendingMigrations(url);
    if (pending.length === 0) return;
    throw new StartupError(
      `The database lacks the migrations ${pending.join(', ')}. Run "npm run migrate", or set DATABASE_MIGRATE=always.`,
    );
  } catch (cause) {
    throw cannotUse(url, cause);
  }
}

async function startEvents(config: Config, database: Database, directUrl: string, log: Logger, closers: Closers) {
  const { debounceMs, pollMs, maxQueued, maxCost } = config.events;
  const store = createLogStore(database);
  const hub = createSubscriptionHub({ maxQueued, maxCost });
  closers.add(() => Promise.resolve(hub.close()));
  const statistics = startStatistics({ keeper: createStatsKeeper(database), pollMs, log });
  closers.add(() => statistics.close());
  const publish = (events: readonly LoggedEvent[]) => {
    statistics.grown(events.length);
    return hub.publish(events);
  };
  const tailer = await startLogTailer({ store, debounceMs: 0, pollMs, publish, log });
  closers.add(() => tailer.close());
  const self = randomUUID();
  const listener = listen(directUrl, self, () => tailer.wake(), log);
  closers.add(() => listener.close());
  const onSequenced = () => {
    tailer.wake();
    announce(database, self).catch((cause: unknown) =>
      log.warn({ err: cause }, 'notifying other servers of new events failed; they poll'),
    );
  };
  const sequencer = startSequencer({ store, debounceMs, pollMs, onSequenced, log });
  closers.add(() => sequencer.close());
  return { hub, wake: sequencer.wake };
}

async function createServices(
  config: Config,
  database: Database,
  hub: ReturnType<typeof createSubscriptionHub>,
  onCommit: (orderIds: readonly string[]) => void,
  log: Logger,
  closers: Closers,
): Promise<Services> {
  const { statementTimeoutMs, connectTimeoutMs } = config.database;
  const writeBatch = createWriteBatch(database, {
    transactionTimeoutMs: 2 * statementTimeoutMs,
    maxWaitMs: connectTimeoutMs,
    contendedLanes: createLanes(1),
    onCommit,
    log,
  });
  const writer = coalesceWrites(writeBatch, config.writes);
  closers.add(() => writer.idle());
  const secret = await serverSecret(database, 'fingerprint');
  const readerFor = coalesceReads(createReader(database, log), config.reads);
  const dependencies: OrderDependencies = { writer, readerFor, catalogue: catalogueOf(config, log), secret };
  const changes = createChanges(dependencies);
  return {
    createOrder: orderCreator(dependencies),
    changes,
    bulk: createBulk(dependencies, changes),
    readerFor,
    hub,
    report: createReport(log),
    deadlineMs: config.request.deadlineMs,
  };
}

/** Logs an unexpected failure once, however many rows of an answer it is told for. */
function createReport(log: Logger): (error: unknown) => string {
  const reported = new WeakMap<object, string>();
  return (error) => {
    const known = typeof error === 'object' && error !== null ? reported.get(error) : undefined;
    if (known !== undefined) return known;
    const correlationId = randomUUID();
    if (typeof error === 'object' && error !== null) reported.set(error, correlationId);
    log.error({ err: error, correlationId }, 'request failed unexpectedly');
    return correlationId;
  };
}

function catalogueOf({ catalogue }: Config, log: Logger): ProductLookup | null {
  return catalogue.kind === 'none' ? null : createHttpProductLookup(catalogue, log);
}

async function serve(
  config: Config,
  services: Services,
  problem: () => Promise<string | null>,
  log: Logger,
  closers: Closers,
): Promise<string> {
  const { guarded } = config.open;
  const { maxTokens, maxCost, maxResponseBytes } = config.request;
  const schema = createSchema();
  const formatError = createErrorFormatter(services.report);
  const access = {
    authenticate: authenticateAsOpenAdmin,
    createContext: (viewer: Viewer, signal: AbortSignal): Context => createContext(services, viewer, signal),
  };
  const apollo = createApollo({ schema, formatError, maxTokens, maxCost, maxResponseBytes, log });
  await apollo.start();
  closers.add(() => apollo.stop());

  let draining = false;
  const isDraining = () => draining;
  const unready = () => (draining ? Promise.resolve('shutting down') : problem());
  const http = createHttp({
    ...config.request,
    guarded,
    apollo,
    ...access,
    isDraining,
    unready,
    log,
  });
  closers.add(() =>
    closeInTime(
      () => http.close(),
      () => http.server.closeAllConnections(),
      config.shutdownGraceMs,
    ),
  );
  const { server } = http;
  const websockets = serveWebsockets({
    server,
    schema,
    guarded,
    ...config.request,
    ...config.websockets,
    ...access,
    formatError,
    log,
  });
  closers.add(() => websockets.close());
  closers.add(async () => {
    draining = true;
    await sleep(config.shutdownDrainMs);
  });
  await listenOn(config, http);
  return urlOf(http, config.host);
}

async function listenOn({ host, port }: Config, http: ReturnType<typeof createHttp>): Promise<void> {
  try {
    await http.listen({ host, port });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE')
      throw new StartupError(`Port ${port} on ${host} is already in use. Set PORT to another port.`, { cause });
    if (code === 'EACCES')
      throw new StartupError(`Port ${port} on ${host} needs more privileges. Set PORT to 1024 or more.`, {
        cause,
      });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartupError(`HOST ${host} is not an address of this machine.`, { cause });
    throw cause;
  }
}

/** Closes gently; what has not ended after the grace is cut. */
async function closeInTime(close: () => Promise<unknown>, cut: () => void, graceMs: number): Promise<void> {
  const timer = setTimeout(cut, graceMs);
  try {
    await close();
  } finally {
    clearTimeout(timer);
  }
}
