import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { withClient } from '../database/client.js';
import { serverSecret } from '../database/server-secret.js';
import { orderStatisticsProjection } from '../events/consumers/order-statistics.js';
import { rebuildConsumer } from '../events/consumers/rebuild-consumer.js';
import { StartupError } from '../startup-error.js';
import { createEventLog } from '../store/event-log.js';
import { countEvents } from '../store/statements/count-events.js';
import { invalidArguments } from './command.js';
import { createProgress } from './progress.js';
import { SEED_ACTOR, seedActor } from './seed/generate-order.js';
import { readSeedOptions, SEED_HELP, type SeedOptions } from './seed/seed-options.js';
import { storeInEmpty, storeInUsed, type Stored } from './seed/store-orders.js';
import { withDatabase } from './with-database.js';

/** Fills the database with generated orders. */
export async function seed(words: readonly string[]): Promise<string> {
  const options = readSeedOptions(words);
  return withDatabase(async (database, url) => {
    const state = await checkDatabase(database, options);
    const began = performance.now();
    const progress = createProgress('Storing ', options.plan.orders);
    const data = { plan: options.plan, secret: await serverSecret(database, 'fingerprint') };
    const inEmpty = state.isEmpty && !state.hasServers ? await storeInEmpty(url, data, progress.show) : null;
    const stored = inEmpty ?? (await storeInUsed(url, data, progress.show));
    const storedMs = performance.now() - began;
    progress.end();
    if (inEmpty === null) await sequence(database, stored.events);
    else await projectStatistics(database);
    await withClient(url, (client) => client.query(`VACUUM (ANALYZE) ${TABLES}`)); // counts read the visibility map
    return reportOf(options, stored, { storedMs, totalMs: performance.now() - began });
  });
}

const TABLES = 'orders, order_items, order_events, order_references';

interface DatabaseState {
  readonly isEmpty: boolean;
  readonly hasServers: boolean;
}

/** @throws StartupError if the seed was used, or if the database has other orders and --yes is missing */
async function checkDatabase({ prisma }: Database, { plan, yes }: SeedOptions): Promise<DatabaseState> {
  const [found] = await prisma.$queryRawUnsafe<(DatabaseState & { isUsed: boolean; hasOthers: boolean })[]>(
    CHECK,
    seedActor(plan.seed).subject,
    SEED_ACTOR,
  );
  if (found?.isUsed === true) {
    throw new StartupError(`Orders of the seed ${plan.seed} are in the database. Set another --seed, or none.`);
  }
  if (found?.hasOthers === true && !yes) {
    throw invalidArguments(
      SEED_HELP,
      'The database has orders that seed did not write. Set --yes to add generated orders to them.',
    );
  }
  return { isEmpty: found?.isEmpty === true, hasServers: found?.hasServers !== false };
}

const CHECK = `
SELECT NOT EXISTS (SELECT FROM orders) AS "isEmpty",
  EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordergraph') AS "hasServers",
  EXISTS (SELECT FROM order_events WHERE version = 1 AND actor = $1::text) AS "isUsed",
  EXISTS (SELECT FROM order_events WHERE version = 1 AND NOT starts_with(coalesce(actor, ''), $2::text)) AS "hasOthers"`;

const SEQUENCED_AT_ONCE = 10_000;
const PAUSE_MS = 50;

/** Assigns the positions, together with the sequencers of servers. */
async function sequence(database: Database, events: number): Promise<void> {
  const log = createEventLog(database);
  const progress = createProgress('Sequencing ', events);
  let done = 0;
  let assigned: number | 'locked' = 'locked';
  while (assigned !== 0) {
    assigned = await log.sequence(SEQUENCED_AT_ONCE, null);
    if (assigned === 'locked') await sleep(PAUSE_MS);
    else progress.show((done += assigned));
  }
  progress.end();
}

/** Events in a batch of the projection. The server uses smaller batches, because other sessions wait for its locks. */
const PROJECTED_AT_ONCE = 20_000;

async function projectStatistics(database: Database): Promise<void> {
  await rebuildConsumer(database, { ...orderStatisticsProjection(countEvents), batchSize: PROJECTED_AT_ONCE });
}

function text(value: number): string {
  return value.toLocaleString('en-US');
}

function reportOf(
  { plan, json }: SeedOptions,
  { orders, events }: Stored,
  { storedMs, totalMs }: { readonly storedMs: number; readonly totalMs: number },
): string {
  const perSecond = Math.round((orders * 1_000) / storedMs);
  const [seconds, totalSeconds] = [storedMs, totalMs].map((ms) => Number((ms / 1_000).toFixed(2)));
  if (json)
    return JSON.stringify({ seed: plan.seed, orders, events, seconds, totalSeconds, ordersPerSecond: perSecond });
  return `Stored ${text(orders)} orders with ${text(events)} events in ${seconds} s (${text(perSecond)} orders/s), and in ${totalSeconds} s with positions, statistics and ANALYZE. The seed is ${plan.seed}.`;
}
