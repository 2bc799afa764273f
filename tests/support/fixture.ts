import { afterAll, beforeAll } from 'vitest';
import { createDatabase, type TestDatabase } from './database.js';
import { startServer, type TestServer } from './server.js';

export interface Fixture {
  readonly server: TestServer;
  readonly database: TestDatabase;
}

/** A server on a database of its own for all tests of a file. */
export function useServer(env: Record<string, string> = {}): Fixture {
  let database: TestDatabase | undefined;
  let server: TestServer | undefined;
  beforeAll(async () => {
    database = await createDatabase();
    server = await startServer(database.url, env);
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });
  const there = <T>(thing: T | undefined): T => {
    if (thing === undefined) throw new Error('used before the tests began');
    return thing;
  };
  return {
    get server() {
      return there(server);
    },
    get database() {
      return there(database);
    },
  };
}
