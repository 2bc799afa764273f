import {
  durationOf,
  invalidArguments,
  JSON_OPTION,
  parseOptions,
  wholeOf,
  type CommandHelp,
  type Option,
} from '../command.js';
import { SERVER_OPTIONS, serverAddress } from '../server-address.js';
import { BULK_LIMITS } from '../../domain/limits.js';

export const STRESS_STATUS = { wrongOrders: 3, failedRequests: 4 } as const;

const OPTIONS = {
  num: { type: 'string', value: 'N', about: 'Number of orders to create. Default: 10000.' },
  batch: { type: 'string', value: 'N', default: '1', about: `Orders in each request, 1 to ${BULK_LIMITS.orders}.` },
  concurrency: { type: 'string', value: 'N', about: 'Requests that run at the same time. Default: 500.' },
  timeout: { type: 'string', value: 'TIME', default: '60s', about: 'Maximum duration of the creations.' },
  preset: { type: 'string', value: 'NAME', about: 'small: 1000 orders, 100 at a time; large: 10000, 500 at a time.' },
  'allow-failures': { type: 'boolean', default: false, about: 'Failed requests do not affect the exit status.' },
  ...SERVER_OPTIONS,
  json: JSON_OPTION,
} as const satisfies Readonly<Record<string, Option>>;

export const STRESS_TEST_HELP = {
  name: 'stress-test',
  about: 'Creates orders on a running server as fast as it can, reads them back and compares them.',
  options: OPTIONS,
  details: `Each order has an idempotency key of its own. A request is sent once: there are no retries, and the report counts
failures by their code. The rate counts successes only. Afterwards every created order is read by its id and compared
with its request, and all orders of the run are listed: an order that is missing, differs or exists twice ends the
command with status ${STRESS_STATUS.wrongOrders}. A server with a rate limit rejects requests as THROTTLED. Ctrl-C ends the
creations; the report then covers the requests that were sent. The orders stay in the database: use a database for tests.`,
  examples: [
    'stress-test',
    'stress-test --preset small',
    'stress-test --num 100000 --batch 10 --concurrency 50 --json',
  ],
  exitStatuses: {
    [STRESS_STATUS.wrongOrders]: 'an order is lost, doubled or differs from its request',
    [STRESS_STATUS.failedRequests]: 'a request failed or was not sent in time',
  },
} as const satisfies CommandHelp;

export interface StressOptions {
  readonly url: string;
  readonly token: string | null;
  readonly orders: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly allowFailures: boolean;
  readonly json: boolean;
}

const PRESETS: Readonly<Record<string, readonly [orders: string, concurrency: string]>> = {
  small: ['1000', '100'],
  large: ['10000', '500'],
};

export function readStressOptions(words: readonly string[]): StressOptions {
  const help = STRESS_TEST_HELP;
  const { values } = parseOptions(help, words);
  const [orders, concurrency] = PRESETS[values.preset ?? 'large'] ?? [];
  if (orders === undefined || concurrency === undefined) {
    throw invalidArguments(help, `--preset must be one of ${Object.keys(PRESETS).join(', ')}; it is ${values.preset}.`);
  }
  const timeoutMs = durationOf(values.timeout);
  if (timeoutMs === null) {
    throw invalidArguments(help, `--timeout must be a duration such as 90s or 5m; it is ${values.timeout}.`);
  }
  return {
    url: serverAddress(help, values.url).replace(/^ws/, 'http'),
    token: values.token ?? null,
    orders: wholeOf(help, 'num', values.num ?? orders, [1, 10_000_000]),
    batch: wholeOf(help, 'batch', values.batch, [1, BULK_LIMITS.orders]),
    concurrency: wholeOf(help, 'concurrency', values.concurrency ?? concurrency, [1, 10_000]),
    timeoutMs,
    allowFailures: values['allow-failures'],
    json: values.json,
  };
}
