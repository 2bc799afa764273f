import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { createLog } from '../../src/observability/log.js';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { serverUrl, TEMPLATE } from './database-url.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A PostgreSQL server with a migrated template database. */
    readonly postgresUrl: string;
  }
}

/** Starts one embedded PostgreSQL for the whole run, or uses the server of TEST_DATABASE_URL. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const configured = process.env['TEST_DATABASE_URL'];
  const embedded = configured === undefined || configured === '' ? await startEmbedded() : null;
  const url = embedded?.url ?? configured ?? '';
  const admin = new Client({ connectionString: url });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`);
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await migrate(serverUrl(url, TEMPLATE));
  project.provide('postgresUrl', url);
  return async () => embedded?.close();
}

async function startEmbedded() {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ordergraph-test-'));
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
  const embedded = await startEmbeddedPostgres({ dataDir, log: createLog({ level: 'silent' }), settings });
  return {
    url: embedded.url,
    close: async () => {
      await embedded.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
