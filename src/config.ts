import { existsSync } from 'node:fs';
import { authConfigOf, type AuthConfig } from './auth-config.js';
import { invalidConfiguration } from './startup-error.js';
import { LOOPBACK_NAMES, type GuardOptions } from './http/request-guard.js';
import { VARIABLES, type Values } from './environment.js';
import type { TracingOptions } from './observability/traces.js';
import { tracesOf } from './traces-config.js';
import type { Variable } from './variable-kinds.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Number of server processes. */
  readonly workers: number;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly logFormat: Values['LOG_FORMAT'];
  readonly logRequests: boolean;
  /** Null if only clients on this machine may read the metrics. */
  readonly metricsToken: string | null;
  readonly auth: AuthConfig;
  readonly policy: { readonly customerPrices: boolean };
  /** Which requests the server serves at all. */
  readonly guard: GuardOptions;
  readonly introspection: boolean;
  readonly playground: boolean;
  /** A manifest of the only documents that are executed. */
  readonly trustedDocuments: string | null;
  readonly database: {
    readonly source:
      | { readonly kind: 'embedded'; readonly dataDir: string }
      | { readonly kind: 'external'; readonly url: string; readonly directUrl: string };
    readonly migrate: boolean;
    /** Whether the database may lose acknowledged orders. */
    readonly mayBeUnsafe: boolean;
    readonly poolSize: number;
    readonly preparedStatements: boolean;
    readonly statementTimeoutMs: number;
    readonly lockTimeoutMs: number;
    readonly connectTimeoutMs: number;
    readonly waitMs: number;
  };
  readonly request: {
    readonly fastLane: boolean;
    readonly deadlineMs: number;
    readonly maxBytes: number;
    readonly maxTokens: number;
    readonly maxCost: number;
    readonly maxResponseBytes: number;
    readonly receiveTimeoutMs: number;
    readonly maxConnections: number;
  };
  /** Null without a rate limit. */
  readonly rateLimit: { readonly capacity: number; readonly restoreRate: number } | null;
  /** Servers on one Redis share rate limits and products. Null without Redis. */
  readonly redisUrl: string | null;
  readonly trustedProxies: Values['TRUSTED_PROXIES'];
  readonly websockets: {
    readonly maxMessageBytes: number;
    readonly maxSocketsOfViewer: number;
    readonly maxSockets: number;
    readonly maxSubscriptions: number;
    readonly maxUnsentBytes: number;
  };
  readonly writes: {
    readonly lanes: number;
    readonly stallMs: number;
    readonly maxCommands: number;
    readonly maxItems: number;
    readonly maxBytes: number;
    readonly maxQueued: number;
    readonly maxQueuedBytes: number;
  };
  readonly reads: {
    readonly lanes: number;
    readonly stallMs: number;
    readonly expensiveLanes: number;
    readonly countTimeoutMs: number;
    readonly maxKeys: number;
    readonly maxQueued: number;
    readonly maxQueuedBytes: number;
  };
  readonly events: {
    readonly debounceMs: number;
    readonly pollMs: number;
    /** Maximum number of events between the cursor of a subscription and the end of the log. */
    readonly replayMax: number;
    readonly maxQueued: number;
    readonly maxCost: number;
  };
  /** Null without Kafka. */
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly partitions: number;
    readonly replication: number | null;
    /** Null without TLS. */
    readonly tls: { readonly caFile: string | null } | null;
    /** Null without authentication. */
    readonly sasl: {
      readonly mechanism: Exclude<Values['KAFKA_SASL_MECHANISM'], 'none'>;
      readonly username: string;
      readonly password: string;
    } | null;
  } | null;
  readonly catalogue:
    | { readonly kind: 'none' }
    | {
        readonly kind: 'http';
        readonly url: string;
        readonly timeoutMs: number;
        readonly retries: number;
        readonly breaker: { readonly failures: number; readonly restMs: number };
        readonly batch: 'auto' | 'off';
        readonly cacheSeconds: number;
        readonly maxCached: number;
      };
  readonly fulfilment: { readonly kind: 'off' } | { readonly kind: 'simulated'; readonly completeAfterMs: number };
  /** Null without traces. */
  readonly traces: TracingOptions | null;
  readonly shutdownDelayMs: number;
  readonly shutdownGraceMs: number;
}

/** Loads the `.env` file of the working folder, if there is one. Variables that are already set keep their values. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/**
 * Reads the configuration.
 *
 * @throws StartupError that lists every invalid variable
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const values = check(env);
  const url = values.DATABASE_URL;
  const auth = authConfigOf(values);
  const unlessProduction = (choice: 'auto' | 'on' | 'off') =>
    choice === 'on' || (choice === 'auto' && values.NODE_ENV !== 'production');
  return deepFreeze({
    host: values.HOST,
    port: values.PORT,
    workers: values.WORKERS,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
    logRequests: values.LOG_REQUESTS === 'on',
    metricsToken: values.METRICS_TOKEN,
    auth,
    guard: guardOf(values, auth),
    introspection: unlessProduction(values.INTROSPECTION),
    playground: unlessProduction(values.PLAYGROUND),
    trustedDocuments: values.TRUSTED_DOCUMENTS,
    policy: { customerPrices: values.ALLOW_CUSTOMER_PRICES === 'true' },
    database: {
      source:
        url === null
          ? { kind: 'embedded', dataDir: values.DATA_DIR }
          : { kind: 'external', url, directUrl: values.DATABASE_DIRECT_URL ?? url },
      migrate: values.DATABASE_MIGRATE === 'always' || (values.DATABASE_MIGRATE === 'auto' && url === null),
      mayBeUnsafe: values.ALLOW_UNSAFE_DATABASE === 'true',
      poolSize: values.DATABASE_POOL_SIZE,
      preparedStatements: values.DATABASE_PREPARED_STATEMENTS === 'on',
      statementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
      lockTimeoutMs: values.DATABASE_LOCK_TIMEOUT_MS,
      connectTimeoutMs: values.DATABASE_CONNECT_TIMEOUT_MS,
      waitMs: values.DATABASE_WAIT_MS,
    },
    request: {
      fastLane: values.GRAPHQL_FAST_LANE === 'on',
      deadlineMs: values.REQUEST_DEADLINE_MS,
      maxBytes: values.REQUEST_MAX_BYTES,
      maxTokens: values.REQUEST_MAX_TOKENS,
      maxCost: values.REQUEST_MAX_COST,
      maxResponseBytes: values.RESPONSE_MAX_BYTES,
      receiveTimeoutMs: values.REQUEST_RECEIVE_TIMEOUT_MS,
      maxConnections: values.HTTP_CONNECTIONS_MAX,
    },
    rateLimit: rateLimitOf(values, auth.kind === 'open'),
    redisUrl: values.REDIS_URL,
    trustedProxies: values.TRUSTED_PROXIES,
    websockets: websocketsOf(values),
    writes: writesOf(values),
    reads: readsOf(values),
    events: {
      debounceMs: values.EVENTS_DEBOUNCE_MS,
      pollMs: values.EVENTS_POLL_MS,
      replayMax: values.EVENTS_REPLAY_MAX,
      maxQueued: values.SUBSCRIBER_MAX_QUEUED,
      maxCost: values.SUBSCRIBERS_MAX_COST,
    },
    kafka: kafkaOf(values),
    catalogue: catalogueOf(values),
    fulfilment:
      values.FULFILMENT === 'off'
        ? { kind: 'off' }
        : { kind: values.FULFILMENT, completeAfterMs: values.FULFILMENT_COMPLETE_AFTER_MS },
    traces: tracesOf(values),
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
  });
}

function websocketsOf(values: Values): Config['websockets'] {
  return {
    maxMessageBytes: values.WEBSOCKET_MAX_BYTES,
    maxSocketsOfViewer: values.WEBSOCKETS_MAX_PER_VIEWER,
    maxSockets: values.WEBSOCKETS_MAX,
    maxSubscriptions: values.WEBSOCKET_MAX_SUBSCRIPTIONS,
    maxUnsentBytes: values.WEBSOCKET_MAX_UNSENT_BYTES,
  };
}

function writesOf(values: Values): Config['writes'] {
  return {
    lanes: values.WRITE_LANES,
    stallMs: values.QUEUE_STALL_MS,
    maxCommands: values.WRITE_BATCH_MAX_COMMANDS,
    maxItems: values.WRITE_BATCH_MAX_ITEMS,
    maxBytes: values.WRITE_BATCH_MAX_BYTES,
    maxQueued: values.WRITE_QUEUE_MAX_COMMANDS,
    maxQueuedBytes: values.WRITE_QUEUE_MAX_BYTES,
  };
}

function readsOf(values: Values): Config['reads'] {
  return {
    lanes: values.READ_LANES,
    stallMs: values.QUEUE_STALL_MS,
    expensiveLanes: values.READ_EXPENSIVE_LANES,
    countTimeoutMs: values.COUNT_TIMEOUT_MS,
    maxKeys: values.READ_BATCH_MAX_KEYS,
    maxQueued: values.READ_QUEUE_MAX_KEYS,
    maxQueuedBytes: values.READ_QUEUE_MAX_BYTES,
  };
}

/** @param isOpen whether the server has no authentication */
function rateLimitOf(values: Values, isOpen: boolean): Config['rateLimit'] {
  const isOn = values.RATE_LIMIT === 'on' || (values.RATE_LIMIT === 'auto' && !isOpen);
  const { RATE_LIMIT_CAPACITY: capacity, REQUEST_MAX_COST: maxCost } = values;
  if (isOn && capacity < maxCost) {
    throw invalidConfiguration([
      `RATE_LIMIT_CAPACITY must be at least REQUEST_MAX_COST (${maxCost}); it is "${capacity}"`,
    ]);
  }
  return isOn ? { capacity, restoreRate: values.RATE_LIMIT_RESTORE } : null;
}

function kafkaOf(values: Values): Config['kafka'] {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PARTITIONS: partitions, KAFKA_TOPIC_REPLICATION: replication } = values;
  const { KAFKA_SSL: ssl, KAFKA_SSL_CA_FILE: caFile } = values;
  if (caFile !== null && ssl === 'off') throw invalidConfiguration(['KAFKA_SSL_CA_FILE requires KAFKA_SSL=on']);
  const tls = ssl === 'on' ? { caFile } : null;
  return brokers === null ? null : { brokers, partitions, replication, tls, sasl: saslOf(values) };
}

function saslOf(values: Values): NonNullable<Config['kafka']>['sasl'] {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  if (mechanism === 'none') {
    if (username === null && password === null) return null;
    throw invalidConfiguration(['KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD require KAFKA_SASL_MECHANISM']);
  }
  if (username !== null && password !== null) return { mechanism, username, password };
  throw invalidConfiguration([
    `KAFKA_SASL_MECHANISM=${mechanism} requires KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`,
  ]);
}

function catalogueOf(values: Values): Config['catalogue'] {
  const url = values.PRODUCT_SERVICE_URL;
  if (url === null) return { kind: 'none' };
  return {
    kind: 'http',
    url,
    timeoutMs: values.PRODUCT_SERVICE_TIMEOUT_MS,
    retries: values.PRODUCT_SERVICE_RETRIES,
    breaker: {
      failures: values.PRODUCT_SERVICE_BREAKER_FAILURES,
      restMs: values.PRODUCT_SERVICE_BREAKER_REST_MS,
    },
    batch: values.PRODUCT_SERVICE_BATCH,
    cacheSeconds: values.PRODUCT_CACHE_SECONDS,
    maxCached: values.PRODUCT_CACHE_MAX,
  };
}

function check(env: Readonly<Record<string, string | undefined>>): Values {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, secret }] of Object.entries<Variable>(VARIABLES)) {
    const given = env[name] === '' ? undefined : env[name]; // an empty value in a .env file selects the default
    const parsed = schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else {
      const found = secret === true ? '' : `; it is "${given ?? ''}"`;
      problems.push(`${name} ${parsed.error.issues[0]?.message ?? 'is invalid'}${found}`);
    }
  }
  if (problems.length > 0) throw invalidConfiguration(problems);
  return values as Values;
}

/** An open server is served by listed names only: a page of any other name could reach it by DNS rebinding. */
function guardOf({ ALLOWED_HOSTS, CORS_ORIGINS }: Values, auth: AuthConfig): GuardOptions {
  const hosts = auth.kind === 'open' ? LOOPBACK_NAMES : null;
  return {
    loopbackPages: auth.kind === 'open',
    rejectForwarded: auth.kind === 'open' && auth.guarded,
    hosts: ALLOWED_HOSTS.length > 0 ? ALLOWED_HOSTS : hosts,
    origins: CORS_ORIGINS,
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
