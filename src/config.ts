import { existsSync } from 'node:fs';
import { z } from 'zod';
import { StartupError } from './startup-error.js';

/** One environment variable, as the README's table shows it. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly fallback: string;
  readonly bounds: string;
  readonly about: string;
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

function postgresUrl(about: string): Variable<string | null> {
  const schema = z
    .string()
    .refine((url) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url), 'must be a postgresql:// URL')
    .optional()
    .transform((url) => url ?? null);
  return { schema, fallback: '', bounds: 'postgresql:// URL', about };
}

/** Every variable the server reads. The only place that knows their names, defaults and bounds. */
export const VARIABLES = {
  HOST: text('127.0.0.1', 'Address to listen on.'),
  PORT: whole(4000, 0, 65_535, 'Port for HTTP and websockets; 0 takes a free one.'),
  NODE_ENV: choice(
    'development',
    ['development', 'production', 'test'],
    'An open server refuses to start in `production` unless `AUTH_MODE=open`.',
  ),
  LOG_LEVEL: choice(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Least level that is logged (JSON lines on stderr).',
  ),
  AUTH_MODE: choice(
    'auto',
    ['auto', 'open'],
    '`open` serves everybody as admin, on any address. `auto` does so on loopback only and refuses to start elsewhere.',
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
    500,
    50,
    600_000,
    'Longest wait of a write batch for an order that somebody else holds; its command then waits apart.',
  ),
  DATABASE_CONNECT_TIMEOUT_MS: whole(2_000, 50, 60_000, 'Longest wait for a connection.'),
  REQUEST_DEADLINE_MS: whole(10_000, 100, 600_000, 'Longest time a request may take.'),
  REQUEST_MAX_BYTES: whole(1_000_000, 1_000, 100_000_000, 'Largest HTTP request body.'),
  REQUEST_MAX_TOKENS: whole(5_000, 100, 1_000_000, 'Most lexical tokens of a GraphQL document.'),
  REQUEST_MAX_COST: whole(
    50_000,
    100,
    10_000_000,
    'Most field values a query may ask for, pages taken at their full size.',
  ),
  WEBSOCKETS_MAX: whole(10_000, 1, 1_000_000, 'Most websockets at once.'),
  WEBSOCKET_MAX_SUBSCRIPTIONS: whole(1_000, 1, 100_000, 'Most subscriptions of one websocket.'),
  WRITE_LANES: whole(2, 1, 64, 'Write batches under way at once.'),
  WRITE_BATCH_MAX_COMMANDS: whole(200, 1, 5_000, 'Most commands of a write batch.'),
  WRITE_BATCH_MAX_ITEMS: whole(2_000, 1, 100_000, 'Most order items of a write batch.'),
  WRITE_BATCH_MAX_BYTES: whole(4_000_000, 1_000, 100_000_000, 'Most bytes of a write batch.'),
  WRITE_QUEUE_MAX_COMMANDS: whole(
    10_000,
    1,
    1_000_000,
    'Most commands waiting or under way; more are refused as OVERLOADED.',
  ),
  WRITE_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Most bytes waiting or under way; more are refused as OVERLOADED.',
  ),
  READ_LANES: whole(4, 1, 64, 'Read batches under way at once.'),
  READ_BATCH_MAX_KEYS: whole(1_000, 1, 10_000, 'Most keys of a read batch.'),
  READ_QUEUE_MAX_KEYS: whole(100_000, 1, 10_000_000, 'Most keys waiting or under way; more are refused as OVERLOADED.'),
  EVENTS_DEBOUNCE_MS: whole(4, 0, 1_000, 'How long a commit gathers others before its events are put in the log.'),
  EVENTS_POLL_MS: whole(1_000, 10, 60_000, 'How often the log is looked at without being woken.'),
  SUBSCRIBER_MAX_QUEUED: whole(
    1_000,
    1,
    100_000,
    'Most events waiting for one subscriber before it is closed as too slow.',
  ),
  SHUTDOWN_GRACE_MS: whole(10_000, 0, 600_000, 'Longest wait for requests under way at shutdown.'),
} as const satisfies Readonly<Record<string, Variable>>;

type Values = { readonly [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]['schema']> };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: Values['LOG_LEVEL'];
  /** Everybody is admin; `guarded` answers only loopback Host and Origin headers and nothing that was forwarded. */
  readonly open: { readonly guarded: boolean };
  readonly database: {
    readonly source:
      | { readonly kind: 'embedded'; readonly dataDir: string }
      | { readonly kind: 'external'; readonly url: string; readonly directUrl: string };
    readonly migrate: boolean;
    readonly poolSize: number;
    readonly preparedStatements: boolean;
    readonly statementTimeoutMs: number;
    readonly lockTimeoutMs: number;
    readonly connectTimeoutMs: number;
  };
  readonly request: {
    readonly deadlineMs: number;
    readonly maxBytes: number;
    readonly maxTokens: number;
    readonly maxCost: number;
  };
  readonly websockets: { readonly maxSockets: number; readonly maxSubscriptions: number };
  readonly writes: {
    readonly lanes: number;
    readonly maxCommands: number;
    readonly maxItems: number;
    readonly maxBytes: number;
    readonly maxQueued: number;
    readonly maxQueuedBytes: number;
  };
  readonly reads: { readonly lanes: number; readonly maxKeys: number; readonly maxQueued: number };
  readonly events: { readonly debounceMs: number; readonly pollMs: number; readonly maxQueued: number };
  readonly shutdownGraceMs: number;
}

/** Adds the variables of a `.env` file in the working folder, where there is one. What is set already stays. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/**
 * Reads the configuration.
 *
 * @throws StartupError that lists every variable that is wrong
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const values = check(env);
  const url = values.DATABASE_URL;
  return deepFreeze({
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    open: openness(values),
    database: {
      source:
        url === null
          ? { kind: 'embedded', dataDir: values.DATA_DIR }
          : { kind: 'external', url, directUrl: values.DATABASE_DIRECT_URL ?? url },
      migrate: values.DATABASE_MIGRATE === 'always' || (values.DATABASE_MIGRATE === 'auto' && url === null),
      poolSize: values.DATABASE_POOL_SIZE,
      preparedStatements: values.DATABASE_PREPARED_STATEMENTS === 'on',
      statementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
      lockTimeoutMs: values.DATABASE_LOCK_TIMEOUT_MS,
      connectTimeoutMs: values.DATABASE_CONNECT_TIMEOUT_MS,
    },
    request: {
      deadlineMs: values.REQUEST_DEADLINE_MS,
      maxBytes: values.REQUEST_MAX_BYTES,
      maxTokens: values.REQUEST_MAX_TOKENS,
      maxCost: values.REQUEST_MAX_COST,
    },
    websockets: { maxSockets: values.WEBSOCKETS_MAX, maxSubscriptions: values.WEBSOCKET_MAX_SUBSCRIPTIONS },
    writes: {
      lanes: values.WRITE_LANES,
      maxCommands: values.WRITE_BATCH_MAX_COMMANDS,
      maxItems: values.WRITE_BATCH_MAX_ITEMS,
      maxBytes: values.WRITE_BATCH_MAX_BYTES,
      maxQueued: values.WRITE_QUEUE_MAX_COMMANDS,
      maxQueuedBytes: values.WRITE_QUEUE_MAX_BYTES,
    },
    reads: { lanes: values.READ_LANES, maxKeys: values.READ_BATCH_MAX_KEYS, maxQueued: values.READ_QUEUE_MAX_KEYS },
    events: {
      debounceMs: values.EVENTS_DEBOUNCE_MS,
      pollMs: values.EVENTS_POLL_MS,
      maxQueued: values.SUBSCRIBER_MAX_QUEUED,
    },
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
  });
}

function check(env: Readonly<Record<string, string | undefined>>): Values {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries<Variable>(VARIABLES)) {
    const given = env[name] === '' ? undefined : env[name]; // an empty line of a .env file means the default
    const parsed = schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message ?? 'is wrong'}; it is "${given ?? ''}"`);
  }
  if (problems.length > 0) throw new StartupError(`The configuration is wrong:\n  ${problems.join('\n  ')}`);
  return values as Values;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** An open server is for a developer's own machine: elsewhere it has to be asked for in so many words. */
function openness(values: Values): Config['open'] {
  if (values.AUTH_MODE === 'open') return { guarded: false };
  if (!LOOPBACK.has(values.HOST)) {
    throw new StartupError(
      `Without authentication the server only listens on loopback; HOST is ${values.HOST}. Set AUTH_MODE=open to serve everybody as admin.`,
    );
  }
  if (values.NODE_ENV === 'production') {
    throw new StartupError(
      'Without authentication the server does not start with NODE_ENV=production. Set AUTH_MODE=open to serve everybody as admin.',
    );
  }
  return { guarded: true };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
