import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { pino } from 'pino';
import { openDatabase, type Database, type DatabaseOptions } from '../../src/database/database.js';
import { createDatabase, type TestDatabase } from './database.js';
import { startPostgresProxy, type PostgresProxy } from './postgres-proxy.js';
import { startServer, type TestServer } from './server.js';

/*
 * Fixtures. `use…` is called at the top of a file: the fixture is started before the first test and closed after the
 * last one, in reverse order. `…ForTest` is called in a test, and its fixture is closed with the test. Both compose:
 * useServer(useDatabase()), or useServer(useProxy(database)) to inject faults.
 */

type Env = Readonly<Record<string, string>>;

interface Url {
  readonly url: string;
}

interface Scope {
  /** Whether the tests of the file share one database or each test has a new one. */
  readonly scope?: 'file' | 'test';
  /** Without migrations. */
  readonly empty?: boolean;
}

/** A migrated database without orders. */
export function useDatabase({ scope = 'file', ...options }: Scope = {}): TestDatabase {
  const drop = (database: TestDatabase) => database.drop();
  if (scope === 'file') return useForFile(() => createDatabase(options), drop);
  let database: TestDatabase | undefined;
  beforeEach(async (context) => {
    const created = await createDatabase(options);
    context.onTestFinished(() => drop(created));
    database = created;
  });
  return handle(() => database);
}

/** A proxy in front of the database that can cut connections. */
export function useProxy(database: Url): PostgresProxy {
  return useForFile(
    () => startPostgresProxy(database.url),
    (proxy) => proxy.close(),
  );
}

/** A server on the database. Call it repeatedly for several servers on one database. */
export function useServer(database: Url, env: Env = {}): TestServer {
  return useForFile(
    () => startServer(database.url, env),
    (server) => server.close(),
  );
}

export async function databaseForTest(): Promise<TestDatabase> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  return database;
}

export async function serverForTest(database: Url, env: Env = {}): Promise<TestServer> {
  const server = await startServer(database.url, env);
  onTestFinished(() => server.close());
  return server;
}

type StoreOptions = Partial<Omit<DatabaseOptions, 'url'>>;

/** Opens the database as a server does, without a server. */
export function useStore(database: Url, options: StoreOptions = {}): Database {
  return useForFile(
    async () => openStore(database, options),
    (store) => store.close(),
  );
}

export function storeForTest(database: Url, options: StoreOptions = {}): Database {
  const store = openStore(database, options);
  onTestFinished(() => store.close());
  return store;
}

function openStore({ url }: Url, options: StoreOptions): Database {
  const timeouts = { statementTimeoutMs: 20_000, lockTimeoutMs: 10_000, connectTimeoutMs: 5_000 };
  const settings = { poolSize: 4, preparedStatements: true, applicationName: 'test', ...timeouts };
  return openDatabase({ ...settings, ...options, url }, pino({ level: 'silent' }));
}

function useForFile<T extends object>(start: () => Promise<T>, stop: (started: T) => Promise<void>): T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(async () => {
    if (started !== undefined) await stop(started);
  });
  return handle(() => started);
}

/** Forwards to the fixture that is started later, so that a file can declare it as a constant. */
function handle<T extends object>(started: () => T | undefined): T {
  return new Proxy<T>({} as T, {
    get: (_target, property): unknown => {
      const target = started();
      if (target === undefined) throw new Error(`"${String(property)}" is used before the tests of the file start`);
      return Reflect.get(target, property);
    },
  });
}
