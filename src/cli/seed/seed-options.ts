import { randomBytes } from 'node:crypto';
import {
  durationOf,
  invalidArguments,
  JSON_OPTION,
  parseOptions,
  wholeOf,
  type CommandHelp,
  type Option,
} from '../command.js';
import type { SeedPlan } from './generate-order.js';
import { stateOf } from './random.js';

const OPTIONS = {
  orders: { type: 'string', value: 'N', about: 'Required: number of orders.' },
  customers: { type: 'string', value: 'N', about: 'Number of customers. Default: one for every 8 orders.' },
  since: { type: 'string', value: 'TIME', default: '2y', about: 'Age of the oldest order, such as 90d.' },
  until: { type: 'string', value: 'DATE', about: 'Time of the latest change. Default: now.' },
  seed: { type: 'string', value: 'TEXT', about: 'The same seed generates the same orders. Default: random.' },
  yes: { type: 'boolean', default: false, about: 'Required if the database has orders that seed did not write.' },
  json: JSON_OPTION,
} as const satisfies Readonly<Record<string, Option>>;

export const SEED_HELP = {
  name: 'seed',
  about: 'Fills the database with realistic orders, spread over a period of time.',
  options: OPTIONS,
  details: `The rows are the same as those that the server writes: orders with one to twelve items in seven currencies, guests and
customers, statuses that fit their age, updates, cancellations and deletions, each with its events. The actor of the events is
"seed TEXT". The same --seed, --orders, --customers, --since and --until generate the same orders; a seed whose orders
are in the database is rejected.

An empty database without servers is filled with COPY in one transaction, which builds the indexes at its end. Otherwise
servers keep working: the orders are stored in many short transactions, and the sequencer and the consumers handle the
events afterwards. An interrupted seed of an empty database leaves it empty.`,
  examples: [
    'seed --orders 20000',
    'seed --orders 1000000 --since 3y --seed demo --until 2026-11-01',
    'seed --orders 500 --yes',
  ],
} as const satisfies CommandHelp;

export interface SeedOptions {
  readonly plan: SeedPlan;
  readonly yes: boolean;
  readonly json: boolean;
}

export function readSeedOptions(words: readonly string[]): SeedOptions {
  const help = SEED_HELP;
  const { values } = parseOptions(help, words);
  if (values.orders === undefined) throw invalidArguments(help, '--orders is required.');
  const orders = wholeOf(help, 'orders', values.orders, [1, 100_000_000]);
  const since = durationOf(values.since);
  if (since === null)
    throw invalidArguments(help, `--since must be a duration such as 90d or 2y; it is ${values.since}.`);
  const until = values.until === undefined ? Date.now() : Date.parse(values.until);
  if (!(until <= Date.now())) {
    throw invalidArguments(help, `--until must be a past date such as 2026-11-01; it is ${values.until}.`);
  }
  const seed = values.seed ?? randomBytes(4).toString('hex');
  if (!/^[\w.-]{1,40}$/.test(seed)) {
    throw invalidArguments(help, '--seed must have 1 to 40 letters, digits and the characters _ . -');
  }
  const customers =
    values.customers === undefined ? Math.ceil(orders / 8) : wholeOf(help, 'customers', values.customers, [1, 999_999]);
  return {
    plan: { seed, state: stateOf(seed), orders, customers: Math.min(customers, 999_999), from: until - since, until },
    yes: values.yes,
    json: values.json,
  };
}
