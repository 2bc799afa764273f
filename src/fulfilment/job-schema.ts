import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import bossPackage from 'pg-boss/package.json' with { type: 'json' };
import type { Logger } from 'pino';
import { withClient } from '../database/client.js';
import { cannotUse } from '../database/startup-checks.js';
import { StartupError } from '../startup-error.js';
import { bossOn, JOB_SCHEMA, PASSIVE, QUEUES } from './job-queue.js';

const VERSION = bossPackage.pgboss.schema;

/**
 * Creates or migrates the tables of the job queue, or checks them.
 *
 * @param url a direct connection to the database, not one through a transaction pooler
 * @throws StartupError when the tables are missing or old and must not be created here
 */
export async function prepareJobSchema(url: string, mayMigrate: boolean, log: Logger): Promise<void> {
  try {
    if (mayMigrate) {
      if (await migrateJobSchema(url)) log.info({ schema: JOB_SCHEMA }, 'tables of the job queue migrated');
    } else {
      await checkJobSchema(url);
    }
  } catch (cause) {
    throw cannotUse(url, cause);
  }
}

/** @throws StartupError when the tables or the queues are missing or old */
export async function checkJobSchema(url: string): Promise<void> {
  if (await withClient(url, isCurrent)) return;
  throw new StartupError(
    `The schema ${JOB_SCHEMA}, which fulfilment needs, is missing or has another version than ${VERSION}. Run "npm run migrate" with the same FULFILMENT, or set DATABASE_MIGRATE=always.`,
  );
}

/** Creates or migrates the tables and the queues. @returns whether the tables were changed */
export async function migrateJobSchema(url: string): Promise<boolean> {
  const wasCurrent = await withClient(url, isCurrent);
  const boss = new PgBoss({
    ...PASSIVE,
    connectionString: url,
    max: 2,
    migrate: true,
    createSchema: true,
    bamIntervalSeconds: 10,
  });
  const failures: Error[] = [];
  boss.on('error', (error) => failures.push(error));
  try {
    await boss.start();
    for (const { name, ...options } of QUEUES) {
      await boss.createQueue(name, options);
      await boss.updateQueue(name, options);
    }
    await backgroundMigrations(boss);
  } finally {
    await boss.stop({ graceful: false });
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The tables of the job queue were not migrated.');
  return !wasCurrent;
}

/** Waits for the indexes that a new version of pg-boss builds in the background, because servers do not build them. */
async function backgroundMigrations(boss: PgBoss): Promise<void> {
  while ((await boss.getBamStatus()).some(({ status }) => status === 'pending' || status === 'in_progress')) {
    await sleep(500);
  }
}

async function isCurrent(client: Client): Promise<boolean> {
  const boss = bossOn({ executeSql: (text, values) => client.query(text, values) });
  if (!(await boss.isInstalled()) || (await boss.schemaVersion()) !== VERSION) return false;
  return (await boss.getQueues(QUEUES.map(({ name }) => name))).length === QUEUES.length;
}
