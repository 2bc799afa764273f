import { z } from 'zod';

/** One environment variable, as the README's table shows it. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly fallback: string;
  readonly bounds: string;
  readonly about: string;
  /** The value may contain a password, so messages do not quote it. */
  readonly secret?: true;
}

function whole(fallback: number, least: number, most: number, about: string): Variable<number> {
  const rule = `must be a whole number from ${least} to ${most}`;
  const schema = z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= least && Number(text) <= most, rule)
    .transform(Number);
  return { schema, fallback: String(fallback), bounds: `${least} to ${most}`, about };
}

function choice<const T extends string>(fallback: T, values: readonly T[], about: string): Variable<T> {
  const schema = z.enum(values, `must be one of ${values.join(', ')}`).default(fallback as never) as never;
  return { schema, fallback, bounds: values.join(', '), about };
}

function text(fallback: string, about: string): Variable<string> {
  return { schema: z.string().min(1, 'must not be empty').default(fallback), fallback, bounds: 'text', about };
}

function url(protocol: RegExp, bounds: string, about: string): Variable<string | null> {
  const schema = z
    .string()
    .refine((text) => protocol.test(text) && URL.canParse(text), `must be a ${bounds}`)
    .optional()
    .transform((text) => text ?? null);
  return { schema, fallback: '', bounds, about, secret: true };
}

function postgresUrl(about: string): Variable<string | null> {
  return url(/^postgres(ql)?:\/\//, 'postgresql:// URL', about);
}

/** Every variable the server reads, with its default and bounds. */
export const VARIABLES = {
  HOST: text('127.0.0.1', 'Address to listen on.'),
  PORT: whole(4000, 0, 65_535, 'Port for HTTP and websockets; 0 takes a free one.'),
  NODE_ENV: choice(
    'development',
    ['development', 'production', 'test'],
    'An open server rejects to start in `production` unless `AUTH_MODE=open`.',
  ),
  LOG_LEVEL: choice(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Least level that is logged, on stderr.',
  ),
  LOG_FORMAT: choice(
    'auto',
    ['auto', 'json', 'pretty'],
    '`json` writes one JSON object a line, `pretty` lines for people; `auto` is `pretty` on a terminal and `json` elsewhere.',
  ),
  AUTH_MODE: choice(
    'auto',
    ['auto', 'open'],
    '`open` serves everybody as admin, on any address. `auto` does so on loopback only and rejects to start elsewhere.',
  ),
  DATA_DIR: text('.data', 'Folder of the embedded PostgreSQL.'),
  DATABASE_URL: postgresUrl('A PostgreSQL 15 or newer of your own instead of the embedded one.'),
  DATABASE_DIRECT_URL: postgresUrl(
    'The same database past a transaction pooler, for migrations and LISTEN. Default: `DATABASE_URL`.',
  ),
  DATABASE_MIGRATE: choice(
    'auto',
    ['auto', 'always', 'never'],
    'Whether to migrate at start: `auto` does for the embedded database only.',
  ),
  DATABASE_POOL_SIZE: whole(10, 4, 200, 'Connections in the pool.'),
  DATABASE_PREPARED_STATEMENTS: choice(
    'on',
    ['on', 'off'],
    'Named prepared statements; `off` behind a pooler that cannot keep them.',
  ),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(5_000, 100, 600_000, 'Longest time of one SQL statement.'),
  DATABASE_LOCK_TIMEOUT_MS: whole(
    50,
    10,
    600_000,
    'Longest wait of a write batch for an id or external reference that is locked.',
  ),
  DATABASE_CONNECT_TIMEOUT_MS: whole(2_000, 50, 60_000, 'Longest wait for a connection.'),
  REQUEST_DEADLINE_MS: whole(10_000, 100, 600_000, 'Longest time a request may take.'),
  REQUEST_MAX_BYTES: whole(1_000_000, 1_000, 100_000_000, 'Largest HTTP request body.'),
  REQUEST_MAX_TOKENS: whole(5_000, 100, 1_000_000, 'Most lexical tokens of a GraphQL document.'),
  REQUEST_MAX_COST: whole(
    500_000,
    100,
    10_000_000,
    'Most values that a request may cost, every list at its largest size; see docs/cost.md.',
  ),
  RESPONSE_MAX_BYTES: whole(
    10_000_000,
    10_000,
    1_000_000_000,
    'Largest answer to an HTTP request. The answer to a mutation that was stored is never rejected.',
  ),
  REQUEST_RECEIVE_TIMEOUT_MS: whole(
    30_000,
    500,
    600_000,
    'Longest time a client may take to send a request, or the first message of a websocket.',
  ),
  HTTP_CONNECTIONS_MAX: whole(2_000, 1, 1_000_000, 'Most HTTP connections at once, without websockets.'),
  WEBSOCKETS_MAX: whole(10_000, 1, 1_000_000, 'Most websockets at once.'),
  WEBSOCKET_MAX_SUBSCRIPTIONS: whole(1_000, 1, 100_000, 'Most subscriptions of one websocket.'),
  WEBSOCKET_MAX_UNSENT_BYTES: whole(
    4_000_000,
    1_000,
    1_000_000_000,
    'Most bytes that wait for the client of a websocket to read them before it is closed with code 4413.',
  ),
  WRITE_LANES: whole(2, 1, 64, 'Write batches under way at once.'),
  WRITE_BATCH_MAX_COMMANDS: whole(200, 1, 5_000, 'Most commands of a write batch.'),
  WRITE_BATCH_MAX_ITEMS: whole(2_000, 1, 100_000, 'Most order items of a write batch.'),
  WRITE_BATCH_MAX_BYTES: whole(4_000_000, 1_000, 100_000_000, 'Most bytes of a write batch.'),
  WRITE_QUEUE_MAX_COMMANDS: whole(
    10_000,
    1,
    1_000_000,
    'Most commands waiting or under way; more are rejected as OVERLOADED.',
  ),
  WRITE_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Most bytes waiting or under way; more are rejected as OVERLOADED.',
  ),
  READ_LANES: whole(4, 1, 64, 'Read batches under way at once.'),
  READ_BATCH_MAX_KEYS: whole(1_000, 1, 10_000, 'Most keys of a read batch.'),
  READ_QUEUE_MAX_KEYS: whole(
    100_000,
    1,
    10_000_000,
    'Most keys waiting or under way; more are rejected as OVERLOADED.',
  ),
  READ_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Most bytes of keys waiting or under way; more are rejected as OVERLOADED.',
  ),
  EVENTS_DEBOUNCE_MS: whole(4, 0, 1_000, 'How long a commit gathers others before its events are put in the log.'),
  EVENTS_POLL_MS: whole(1_000, 10, 60_000, 'How often the log is looked at without being woken.'),
  SUBSCRIBER_MAX_QUEUED: whole(
    1_000,
    1,
    100_000,
    'Most events waiting for one subscriber before it is closed as too slow.',
  ),
  SUBSCRIBERS_MAX_COST: whole(
    200_000,
    100,
    1_000_000_000,
    'Most values of one event over all subscriptions to the same orders; more are rejected as THROTTLED.',
  ),
  PRODUCT_SERVICE_URL: url(
    /^https?:\/\/[^?#]*$/,
    'http:// or https:// URL',
    'Service that tells names and prices of products, see docs/catalogue.md. Without it every order brings its own.',
  ),
  PRODUCT_SERVICE_TIMEOUT_MS: whole(1_000, 10, 60_000, 'Longest time of one try to ask the product service.'),
  PRODUCT_SERVICE_RETRIES: whole(2, 0, 10, 'How many more tries follow a failed one.'),
  PRODUCT_SERVICE_BREAKER_FAILURES: whole(5, 1, 1_000, 'Failed tries in a row after which the service is left alone.'),
  PRODUCT_SERVICE_BREAKER_REST_MS: whole(5_000, 10, 600_000, 'How long a failing product service is left alone.'),
  PRODUCT_SERVICE_BATCH: choice(
    'auto',
    ['auto', 'off'],
    'Whether several products are asked for by one request: `auto` does where the service knows that.',
  ),
  PRODUCT_CACHE_SECONDS: whole(60, 0, 86_400, 'How long a price is remembered.'),
  PRODUCT_CACHE_MAX: whole(10_000, 1, 10_000_000, 'Most products remembered.'),
  SHUTDOWN_DRAIN_MS: whole(
    0,
    0,
    600_000,
    'How long the server keeps serving after a signal to stop, with `/ready` answering 503, so that load balancers stop sending to it.',
  ),
  SHUTDOWN_GRACE_MS: whole(10_000, 0, 600_000, 'Longest wait for requests under way at shutdown.'),
} as const satisfies Readonly<Record<string, Variable>>;

export type Values = { readonly [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]['schema']> };
