import { loadEnvFile, readConfig } from '../config.js';
import { createConsumers } from '../consumers.js';
import { openDatabase, type Database } from '../database/database.js';
import { readConsumerPositions, type ConsumerPosition } from '../events/consumers/consumer-positions.js';
import { checkSession } from '../database/startup-checks.js';
import { rebuildConsumer } from '../events/consumers/rebuild-consumer.js';
import { createLog } from '../observability/log.js';
import { StartupError } from '../startup-error.js';
import { findDatabase } from './find-database.js';
import { runCommand } from './run-command.js';

/** A rebuild runs long statements on one connection. */
const SESSION = { poolSize: 1, preparedStatements: false, statementTimeoutMs: 600_000, lockTimeoutMs: 60_000 };

/** Reports the consumers of the event log, or rebuilds one, also while servers run. */
await runCommand(async () => {
  const [action = 'list', name, ...rest] = process.argv.slice(2);
  loadEnvFile();
  const consumers = createConsumers(readConfig());
  const names = consumers.map((consumer) => consumer.name);
  if (action === 'list' && name === undefined) {
    return withDatabase(async ({ prisma }) => formatPositions(await readConsumerPositions(prisma)));
  }
  const consumer = consumers.find((each) => each.name === name);
  if (action !== 'rebuild' || consumer === undefined || rest.length > 0) {
    throw new StartupError(
      `Usage: npm run consumer -- list\n       npm run consumer -- rebuild NAME, where NAME is one of: ${names.join(', ')}.`,
    );
  }
  const position = await withDatabase((database) => rebuildConsumer(database, consumer));
  return `Consumer ${consumer.name} was rebuilt. Its position is ${position}.`;
});

async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const config = readConfig();
  const log = createLog({ level: config.logLevel });
  const { url, release } = await findDatabase(config, log);
  try {
    const { connectTimeoutMs } = config.database;
    const database = openDatabase({ ...SESSION, url, connectTimeoutMs, applicationName: 'ordergraph-consumer' }, log);
    try {
      await checkSession(database);
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await release();
  }
}

function formatPositions(positions: readonly ConsumerPosition[]): string {
  return positions
    .map(({ name, position, lag, ageMs, holder }) => {
      const behind = ageMs === null ? '' : `, oldest ${Math.round(ageMs / 1_000)} s`;
      return `${name}: position ${position}, lag ${lag}${behind}${holder === null ? '' : `, run by ${holder}`}`;
    })
    .join('\n');
}
