import { createSecretKey } from 'node:crypto';
import { graphql, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { beforeAll } from 'vitest';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import { readConfig } from '../../src/config.js';
import type { Viewer } from '../../src/domain/viewer.js';
import { createContext, type Context, type Services } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createReader } from '../../src/store/reader.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import type { TestDatabase } from './database.js';
import { useDatabase, useStore } from './fixture.js';

export interface ViewerClient {
  /** Executes one GraphQL request as the viewer and returns its data. Rejects if the response has errors. */
  readonly get: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
}

export interface Viewers {
  readonly schema: GraphQLSchema;
  readonly database: TestDatabase;
  readonly as: (viewer: Viewer) => ViewerClient;
  /** The context of one request. */
  readonly contextOf: (viewer: Viewer) => Context;
}

/** Executes GraphQL as any viewer, without HTTP and without the policy, on one database for all tests of a file. */
export function useViewers(): Viewers {
  const database = useDatabase();
  const store = useStore(database);
  let services: Services;
  beforeAll(() => {
    const log = pino({ level: 'silent' });
    const config = readConfig({});
    const batch = { transactionTimeoutMs: 10_000, maxWaitMs: 2_000, log };
    const writer = coalesceWrites(createBatchWriter(store, { ...batch, onCommit: () => undefined }), config.writes);
    const readerFor = coalesceReads(createReader(store, config.reads, log), config.reads);
    services = {
      orders: { writer, readerFor, productLookup: null, fingerprintSecret: createSecretKey('secret', 'utf8') },
      subscribe: () => Promise.reject(new Error('no test of viewers subscribes')),
      report: String,
      deadlineMs: 10_000,
    };
  });
  const schema = createSchema();
  const contextOf = (viewer: Viewer) =>
    createContext(services, { viewer, signal: new AbortController().signal, traceparent: null });
  return {
    schema,
    database,
    contextOf,
    as: (viewer) => ({
      get: async <T>(source: string, variableValues: Record<string, unknown> = {}) => {
        const { data, errors } = await graphql({ schema, source, variableValues, contextValue: contextOf(viewer) });
        if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
        return data as T;
      },
    }),
  };
}
