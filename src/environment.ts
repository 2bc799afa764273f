import { isIP } from 'node:net';
import { z } from 'zod';
import { addressList, hostNameOf, originOf } from './address-list.js';

/** One environment variable, as docs/configuration.md shows it. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly fallback: string;
  readonly bounds: string;
  readonly about: string;
  /** The value may contain a password. Messages do not quote it. */
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

function optionalText(about: string): Variable<string | null> {
  const schema = z
    .string()
    .optional()
    .transform((text) => text ?? null);
  return { schema, fallback: '', bounds: 'text', about };
}

function list(bounds: string, about: string): Variable<readonly string[] | null> {
  const schema = z
    .string()
    .optional()
    .transform((text) => text?.split(',').map((word) => word.trim()) ?? null);
  return { schema, fallback: '', bounds, about };
}

function postgresUrl(about: string): Variable<string | null> {
  return url(/^postgres(ql)?:\/\//, 'postgresql:// URL', about);
}

/** An address or a network in CIDR notation. */
export interface Network {
  readonly address: string;
  /** Null for a single address. */
  readonly prefix: number | null;
}

function networks(about: string): Variable<readonly Network[]> {
  const rule = 'must be a list of IP addresses and networks such as 10.0.0.0/8, separated by commas';
  const schema = z
    .string()
    .default('')
    .transform((text, context) => {
      const parts = text.split(',').filter((part) => part.trim() !== '');
      const parsed = parts.flatMap((part) => parseNetwork(part.trim()) ?? []);
      if (parsed.length < parts.length) context.addIssue({ code: 'custom', message: rule });
      return parsed;
    });
  return { schema, fallback: '', bounds: 'list of IP addresses and networks', about };
}

function parseNetwork(text: string): Network | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  if (prefix === undefined) return { address, prefix: null };
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)
    ? { address, prefix: Number(prefix) }
    : null;
}

/** Every variable that the server reads, with its default and bounds. */
export const VARIABLES = {
  HOST: text('127.0.0.1', 'Address that the server listens on.'),
  PORT: whole(4000, 0, 65_535, 'Port for HTTP and WebSockets. 0 selects a free port.'),
  NODE_ENV: choice(
    'development',
    ['development', 'production', 'test'],
    'With `production`, the server starts without authentication only if `AUTH_MODE=open`, and introspection and the playground are off by default.',
  ),
  LOG_LEVEL: choice(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Minimum level of the log lines on stderr.',
  ),
  LOG_FORMAT: choice(
    'auto',
    ['auto', 'json', 'pretty'],
    '`json` writes one JSON object per line, `pretty` writes readable text. `auto` is `pretty` on a terminal and `json` elsewhere.',
  ),
  AUTH_MODE: choice(
    'auto',
    ['auto', 'open'],
    'Without a secret or keys for tokens, `open` serves every client as admin, on any address. `auto` does so on loopback addresses and does not start on others.',
  ),
  ALLOWED_HOSTS: addressList(
    'host names without a port, separated by commas',
    'Host names that requests may address the server by. Default: `localhost`, `127.0.0.1` and `[::1]` without authentication, any name with it.',
    hostNameOf,
  ),
  CORS_ORIGINS: addressList(
    'origins such as https://shop.example, without a path, separated by commas; * is not allowed',
    'Origins of the web pages that may call the server, over HTTP and WebSocket, besides its own pages.',
    originOf,
  ),
  INTROSPECTION: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether clients may read the schema. `off` also removes suggestions of names from error messages. `auto` is `off` with `NODE_ENV=production`.',
  ),
  PLAYGROUND: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether `/` serves the playground, which needs introspection. `auto` is `off` with `NODE_ENV=production`.',
  ),
  TRUSTED_DOCUMENTS: optionalText(
    'File with the manifest of the only documents that the server executes; see docs/security.md. Default: any document.',
  ),
  AUTH_JWT_SECRET: {
    ...optionalText(
      'Secret that signs the bearer tokens of clients; see docs/security.md. Not together with `AUTH_JWKS_URL`.',
    ),
    bounds: 'at least 32 bytes',
    secret: true,
  },
  AUTH_JWKS_URL: url(
    /^https?:\/\/[^@]*$/,
    'http:// or https:// URL without credentials',
    'JSON Web Key Set with the public keys that verify the bearer tokens of clients; see docs/security.md.',
  ),
  AUTH_ISSUER: optionalText('Required `iss` of tokens. Required with `AUTH_JWKS_URL`.'),
  AUTH_AUDIENCE: optionalText('Required `aud` of tokens. Required with `AUTH_JWKS_URL`.'),
  AUTH_ALGORITHMS: list(
    'HS256, HS384, HS512; RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519',
    'Accepted algorithms of tokens, separated by commas. `AUTH_JWKS_URL` allows no HS algorithm. Default: `HS256` with `AUTH_JWT_SECRET`, all of the others with `AUTH_JWKS_URL`.',
  ),
  AUTH_CLOCK_SKEW_SECONDS: whole(5, 0, 300, 'Tolerance for `exp` and `nbf` of tokens, in seconds.'),
  ALLOW_CUSTOMER_PRICES: choice(
    'false',
    ['true', 'false'],
    'Whether customers may send the prices of items. With `false`, the prices of their orders come from the product catalogue.',
  ),
  DATA_DIR: text('.data', 'Data folder of the embedded PostgreSQL.'),
  DATABASE_URL: postgresUrl('PostgreSQL 15 or newer to use instead of the embedded one.'),
  DATABASE_DIRECT_URL: postgresUrl(
    'Direct URL of the database, without a transaction pooler, for migrations and LISTEN. Default: `DATABASE_URL`.',
  ),
  DATABASE_MIGRATE: choice(
    'auto',
    ['auto', 'always', 'never'],
    'Whether the server applies pending migrations at start. `auto` applies them to the embedded database only.',
  ),
  DATABASE_POOL_SIZE: whole(12, 4, 200, 'Maximum number of pooled database connections.'),
  DATABASE_PREPARED_STATEMENTS: choice(
    'on',
    ['on', 'off'],
    'Whether the server uses named prepared statements. Set `off` behind a pooler that does not support them.',
  ),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(5_000, 100, 600_000, 'Maximum duration of an SQL statement, in milliseconds.'),
  DATABASE_LOCK_TIMEOUT_MS: whole(
    50,
    10,
    600_000,
    'Maximum time that an SQL statement waits for a lock, in milliseconds.',
  ),
  DATABASE_CONNECT_TIMEOUT_MS: whole(
    2_000,
    50,
    60_000,
    'Maximum time to obtain a database connection, in milliseconds.',
  ),
  GRAPHQL_FAST_LANE: choice(
    'on',
    ['on', 'off'],
    'Whether requests of known documents are executed by a prepared plan, without the request pipeline of Apollo Server. `off` executes every request by Apollo Server and graphql-js, with the same responses.',
  ),
  REQUEST_DEADLINE_MS: whole(10_000, 100, 600_000, 'Maximum duration of a request, in milliseconds.'),
  REQUEST_MAX_BYTES: whole(1_000_000, 1_000, 100_000_000, 'Maximum size of an HTTP request body, in bytes.'),
  REQUEST_MAX_TOKENS: whole(5_000, 100, 1_000_000, 'Maximum number of lexical tokens in a GraphQL document.'),
  REQUEST_MAX_COST: whole(500_000, 100, 10_000_000, 'Maximum cost of a request; see docs/cost.md.'),
  RESPONSE_MAX_BYTES: whole(
    10_000_000,
    10_000,
    1_000_000_000,
    'Maximum size of an HTTP response, in bytes. The response to a stored mutation is never rejected.',
  ),
  RATE_LIMIT: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether the cost of the requests of a viewer, or of an address without one, is limited; see docs/cost.md. `auto` limits it if authentication is configured.',
  ),
  RATE_LIMIT_CAPACITY: whole(
    1_000_000,
    100,
    1_000_000_000,
    'Maximum number of cost points that a client can spend at once. At least `REQUEST_MAX_COST`.',
  ),
  RATE_LIMIT_RESTORE: whole(100_000, 1, 1_000_000_000, 'Cost points that a client regains per second.'),
  REDIS_URL: url(
    /^rediss?:\/\//,
    'redis:// or rediss:// URL',
    'Redis 7 or newer, by which several servers share the rate limits. Without it, each server limits on its own.',
  ),
  TRUSTED_PROXIES: networks(
    'Proxies whose `X-Forwarded-For` header names the client. Without them, the header is ignored.',
  ),
  REQUEST_RECEIVE_TIMEOUT_MS: whole(
    30_000,
    500,
    600_000,
    'Maximum time to receive a request, or the first message of a WebSocket, in milliseconds.',
  ),
  HTTP_CONNECTIONS_MAX: whole(2_000, 1, 1_000_000, 'Maximum number of HTTP connections, WebSockets excluded.'),
  WEBSOCKETS_MAX: whole(10_000, 1, 1_000_000, 'Maximum number of WebSockets.'),
  WEBSOCKETS_MAX_PER_VIEWER: whole(
    100,
    1,
    1_000_000,
    'Maximum number of WebSockets of one viewer with a token. Further ones are closed with code 4429.',
  ),
  WEBSOCKET_MAX_BYTES: whole(65_536, 1_000, 100_000_000, 'Maximum size of a WebSocket message, in bytes.'),
  WEBSOCKET_MAX_SUBSCRIPTIONS: whole(1_000, 1, 100_000, 'Maximum number of subscriptions of one WebSocket.'),
  WEBSOCKET_MAX_UNSENT_BYTES: whole(
    4_000_000,
    1_000,
    1_000_000_000,
    'Maximum amount of unsent output of one WebSocket, in bytes. A WebSocket that exceeds it is closed with code 4413.',
  ),
  WRITE_LANES: whole(2, 1, 64, 'Maximum number of write batches that run at the same time.'),
  WRITE_BATCH_MAX_COMMANDS: whole(200, 1, 5_000, 'Maximum number of commands in a write batch.'),
  WRITE_BATCH_MAX_ITEMS: whole(2_000, 1, 100_000, 'Maximum number of order items in a write batch.'),
  WRITE_BATCH_MAX_BYTES: whole(4_000_000, 1_000, 100_000_000, 'Maximum size of a write batch, in bytes.'),
  WRITE_QUEUE_MAX_COMMANDS: whole(
    10_000,
    1,
    1_000_000,
    'Maximum number of queued and running commands. Further commands are rejected as `OVERLOADED`.',
  ),
  WRITE_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Maximum size of all queued and running commands, in bytes. Further commands are rejected as `OVERLOADED`.',
  ),
  READ_LANES: whole(4, 1, 64, 'Maximum number of read batches that run at the same time.'),
  READ_EXPENSIVE_LANES: whole(
    2,
    1,
    64,
    'Maximum number of exact counts, counts beyond 10,000 and statistics that run at the same time, besides `READ_LANES`.',
  ),
  COUNT_TIMEOUT_MS: whole(
    2_000,
    10,
    600_000,
    'Maximum duration of a count, in milliseconds. A longer one is rejected as `COUNT_TIMEOUT`.',
  ),
  READ_BATCH_MAX_KEYS: whole(1_000, 1, 10_000, 'Maximum number of keys in a read batch.'),
  READ_QUEUE_MAX_KEYS: whole(
    100_000,
    1,
    10_000_000,
    'Maximum number of keys in queued and running reads. Further reads are rejected as `OVERLOADED`.',
  ),
  READ_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Maximum size of all keys in queued and running reads, in bytes. Further reads are rejected as `OVERLOADED`.',
  ),
  EVENTS_DEBOUNCE_MS: whole(
    10,
    0,
    1_000,
    'Time that the sequencer collects commits before it assigns positions, in milliseconds.',
  ),
  EVENTS_POLL_MS: whole(1_000, 10, 60_000, 'Interval at which the event log is polled, in milliseconds.'),
  SUBSCRIBER_MAX_QUEUED: whole(
    1_000,
    1,
    100_000,
    'Maximum number of events queued for one subscription. A subscription that exceeds it ends with `SLOW_CONSUMER`.',
  ),
  SUBSCRIBERS_MAX_COST: whole(
    200_000,
    100,
    1_000_000_000,
    'Maximum cost of one event, summed over all subscriptions to the same orders. Further subscriptions are rejected as `THROTTLED`.',
  ),
  PRODUCT_SERVICE_URL: url(
    /^https?:\/\/[^?#]*$/,
    'http:// or https:// URL',
    'Service that provides names and prices of products; see docs/catalogue.md. Without it, items carry their own.',
  ),
  PRODUCT_SERVICE_TIMEOUT_MS: whole(
    1_000,
    10,
    60_000,
    'Maximum duration of one attempt to call the product service, in milliseconds.',
  ),
  PRODUCT_SERVICE_RETRIES: whole(2, 0, 10, 'Maximum number of retries after a failed attempt.'),
  PRODUCT_SERVICE_BREAKER_FAILURES: whole(
    5,
    1,
    1_000,
    'Number of consecutive failed attempts after which the circuit breaker opens.',
  ),
  PRODUCT_SERVICE_BREAKER_REST_MS: whole(
    5_000,
    10,
    600_000,
    'Time that the circuit breaker stays open before one attempt is allowed, in milliseconds.',
  ),
  PRODUCT_SERVICE_BATCH: choice(
    'auto',
    ['auto', 'off'],
    '`auto` requests several products at once if the service supports it. `off` requests each product separately.',
  ),
  PRODUCT_CACHE_SECONDS: whole(60, 0, 86_400, 'Time that a product stays cached, in seconds.'),
  PRODUCT_CACHE_MAX: whole(10_000, 1, 10_000_000, 'Maximum number of cached products.'),
  SHUTDOWN_DRAIN_MS: whole(
    0,
    0,
    600_000,
    'Time that the server keeps serving after a stop signal, in milliseconds. Meanwhile `/ready` responds 503.',
  ),
  SHUTDOWN_GRACE_MS: whole(
    10_000,
    0,
    600_000,
    'Maximum time that a shutdown waits for running requests, in milliseconds.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;

export type Values = { readonly [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]['schema']> };
