import { afterAll, beforeAll } from 'vitest';
import { createDatabase, type TestDatabase } from './database.js';
import { startPostgresProxy, type PostgresProxy } from './postgres-proxy.js';
import { startServer, type TestServer } from './server.js';

/*
 * What all tests of a file share: started before the first test, closed in reverse order after the last one. The
 * functions compose: useServer(useDatabase()), or useServer(useProxy(database)) where faults are injected.
 */

/** A migrated database without orders. */
export function useDatabase(): TestDatabase {
  return useForFile(createDatabase, (database) => database.drop());
}

/** A proxy in front of the database, which can cut its connections. */
export function useProxy(database: TestDatabase): PostgresProxy {
  return useForFile(
    () => startPostgresProxy(database.url),
    (proxy) => proxy.close(),
  );
}

/** A server on the database. Several servers on one database are several calls. */
export function useServer(database: { readonly url: string }, env: Record<string, string> = {}): TestServer {
  return useForFile(
    () => startServer(database.url, env),
    (server) => server.close(),
  );
}

/** A handle that forwards to the started object, so that a test file can hold it in a constant. */
function useForFile<T extends object>(start: () => Promise<T>, stop: (started: T) => Promise<void>): T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(async () => {
    if (started !== undefined) await stop(started);
  });
  return new Proxy<T>({} as T, {
    get: (_target, property): unknown => {
      if (started === undefined) throw new Error(`${String(property)} is used before beforeAll has run`);
      return Reflect.get(started, property);
    },
  });
}
