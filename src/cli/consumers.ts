import { loadEnvFile, readConfig } from '../config.js';
import { createConsumers } from '../app/consumers.js';
import type { Database } from '../database/database.js';
import type { EventConsumer } from '../events/consumers/consumer.js';
import { resumeConsumer } from '../events/consumers/consumer-positions.js';
import { readConsumerReports, reportToJson, type ConsumerReport } from '../events/consumers/consumer-report.js';
import { moveConsumer } from '../events/consumers/move-consumer.js';
import { rebuildConsumer } from '../events/consumers/rebuild-consumer.js';
import { createLog } from '../observability/log.js';
import { StartupError } from '../startup-error.js';
import { invalidArguments, JSON_OPTION, parseOptions, type CommandHelp } from './command.js';
import { withDatabase } from './with-database.js';

export const CONSUMERS_HELP = {
  name: 'consumers',
  about: 'Lists the consumers of the event log; rebuilds, moves or resumes one. Servers may run meanwhile.',
  words: '[list | rebuild NAME | move NAME POSITION | resume NAME]',
  options: { json: JSON_OPTION },
  examples: ['consumers --json', 'consumers rebuild order-statistics', 'consumers move kafka-relay end'],
} as const satisfies CommandHelp;

/** Lists the consumers of the event log; rebuilds, moves or resumes one. */
export async function manageConsumers(words: readonly string[]): Promise<string> {
  const number = words.find((word) => /^-\d/.test(word)); // the parser would report an unknown option
  if (number !== undefined) positionOf(number);
  const { positionals, values } = parseOptions(CONSUMERS_HELP, words);
  const [action = 'list', name, target, ...rest] = positionals;
  const change = action === 'list' && name === undefined ? null : changeOf(action, name, target);
  if (rest.length > 0) throw invalidArguments(CONSUMERS_HELP, '');
  return withDatabase(async (database) => {
    await change?.(database);
    const all = await readConsumerReports(database.prisma);
    const reports = change === null ? all : all.filter((report) => report.name === name);
    return values.json ? JSON.stringify(reports.map(reportToJson)) : reports.map(lineOf).join('\n');
  });
}

type Change = (database: Database) => Promise<unknown>;

function changeOf(action: string, name: string | undefined, target: string | undefined): Change {
  if (name !== undefined && action === 'move' && target !== undefined) {
    const [consumer, position] = [configured(name), positionOf(target)];
    return (database) => move(database, consumer, position);
  }
  if (name !== undefined && action === 'rebuild' && target === undefined) {
    const consumer = configured(name);
    return (database) => rebuildConsumer(database, consumer);
  }
  if (name !== undefined && action === 'resume' && target === undefined) return (database) => resume(database, name);
  throw invalidArguments(CONSUMERS_HELP, '');
}

function configured(name: string): EventConsumer {
  loadEnvFile();
  const config = readConfig();
  const consumers = createConsumers(config, createLog({ level: config.logLevel }));
  const consumer = consumers.find((each) => each.name === name);
  if (consumer !== undefined) return consumer;
  const names = consumers.map((each) => each.name).join(', ');
  throw new StartupError(`No consumer ${name} is configured. Configured are: ${names}.`);
}

function positionOf(text: string): bigint | 'end' {
  if (text === 'end') return text;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw invalidArguments(CONSUMERS_HELP, `POSITION must be a number or the word end; it is ${text}.`);
}

async function move(database: Database, consumer: EventConsumer, target: bigint | 'end'): Promise<void> {
  const { name } = consumer;
  if (consumer.kind === 'transactional' && consumer.tables.length > 0) {
    throw new StartupError(
      `Consumer ${name} cannot be moved: its tables (${consumer.tables.join(', ')}) would count events twice or not at all. Run "npm run cli -- consumers rebuild ${name}".`,
    );
  }
  const end = await moveConsumer(database, consumer, target);
  if (target !== 'end' && target > end)
    throw new StartupError(`The log ends at position ${end}. Consumer ${name} cannot be moved to ${target}.`);
}

async function resume({ prisma }: Database, name: string): Promise<void> {
  if (await resumeConsumer(prisma, name)) return;
  throw new StartupError(`No consumer ${name} is held.`);
}

function lineOf({ name, position, lag, ageMs, holder, held }: ConsumerReport): string {
  const oldest = ageMs === null ? '' : `, oldest ${Math.round(ageMs / 1_000)} s`;
  const run = holder === null ? '' : `, run by ${holder}`;
  return `${name}: position ${position}, lag ${lag}${oldest}${run}${held === null ? '' : `\n  held: ${held}`}`;
}
