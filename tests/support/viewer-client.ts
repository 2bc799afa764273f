import { graphql, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import { readConfig } from '../../src/config.js';
import type { Viewer } from '../../src/domain/viewer.js';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import { createContext, type Services } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import { openDatabase, type Database } from '../../src/database/database.js';
import { createReader } from '../../src/store/reader.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import { createDatabase, type TestDatabase } from './database.js';

export interface ViewerClient {
  /** One GraphQL request of this viewer that must succeed. */
  readonly get: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
}

/**
 * GraphQL for viewers other than the open server's admin, on a database of its own for all tests of a file. Until
 * requests carry tokens, this is the outermost level at which one client can be told from another.
 */
export function useViewers(): { readonly as: (viewer: Viewer) => ViewerClient; readonly database: () => TestDatabase } {
  let database: TestDatabase;
  let store: Database;
  let schema: GraphQLSchema;
  let services: Services;
  beforeAll(async () => {
    database = await createDatabase();
    const log = pino({ level: 'silent' });
    const config = readConfig({ DATABASE_URL: database.url });
    const { source: _, migrate: __, ...bounds } = config.database;
    store = openDatabase({ ...bounds, url: database.url, applicationName: 'test' }, log);
    schema = createSchema();
    const batch = { transactionTimeoutMs: 10_000, maxWaitMs: 2_000, log };
    const writer = coalesceWrites(createBatchWriter(store, { ...batch, onCommit: () => undefined }), config.writes);
    const readerFor = coalesceReads(createReader(store, log), config.reads);
    services = {
      orders: { writer, readerFor, productLookup: null, fingerprintSecret: Buffer.from('secret') },
      hub: createSubscriptionHub({ maxQueued: 10, maxCost: 1_000 }),
      report: String,
      deadlineMs: 10_000,
    };
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });
  return {
    database: () => database,
    as: (viewer) => ({
      get: async <T>(source: string, variableValues: Record<string, unknown> = {}) => {
        const contextValue = createContext(services, viewer, new AbortController().signal);
        const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
        if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
        return data as T;
      },
    }),
  };
}
