import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { cancellableReads, type StatementBounds } from './cancellable-reads.js';
import { PipelinedClient } from './pipelined-client.js';
import { poolReads } from './pool-reads.js';
import { StatementPool } from './statement-pool.js';

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Whether statements are prepared under names. A transaction pooler cannot keep them. */
  readonly preparedStatements: boolean;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

export interface Database {
  readonly prisma: PrismaClient;
  /** For statements that only read, outside of transactions. */
  readonly reads: ReadQueryable;
  /** The same for long statements, which end with their callers. */
  readonly readsWithin: (bounds: StatementBounds) => ReadQueryable;
  readonly pool: () => PoolState;
  close(): Promise<void>;
}

/** The connections of the pool. */
export interface PoolState {
  readonly max: number;
  /** Used or idle. */
  readonly open: number;
  readonly idle: number;
  /** Statements and transactions that wait for a connection. */
  readonly waiting: number;
}

/** The raw queries of a Prisma client or of an interactive transaction. */
export type Queryable = Pick<PrismaClient, '$queryRawUnsafe' | '$executeRawUnsafe'>;

/** The part of `Queryable` for statements that return rows. */
export interface ReadQueryable {
  $queryRawUnsafe<Rows>(sql: string, ...values: unknown[]): Promise<Rows>;
}

/** Creates a pool and a Prisma client on it. The first statement opens the first connection. */
export function openDatabase(options: DatabaseOptions, log: Logger): Database {
  const { url, sessionOptions } = withSessionOptions(options.url);
  const pool = new StatementPool({
    connectionString: url,
    Client: PipelinedClient,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    options: sessionOptions,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  cutUnanswered(pool, options.statementTimeoutMs + ANSWER_GRACE_MS);
  closeWithOthers(pool);
  closeOutdated(pool);
  const failures = createFailureLog(log);
  const onLost = (error: Error) => failures.failed(error, 'database connection lost');
  pool.on('connect', () => failures.worked('database connections restored'));
  const nameOf = options.preparedStatements ? statementNames() : () => '';
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onLost,
    onConnectionError: onLost,
    ...(options.preparedStatements ? { statementNameGenerator: nameOf } : {}),
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return {
    prisma,
    reads: poolReads(pool, nameOf),
    readsWithin: cancellableReads(pool, nameOf, url),
    pool: () => ({
      max: options.poolSize,
      open: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: async () => {
      await prisma.$disconnect(); // ends the pool if a statement ran through Prisma
      if (!pool.ending) await pool.end();
    },
  };
}

const KEEP_ALIVE_MS = 10_000;
/** How long after the server's own time-out a response may still arrive. */
const ANSWER_GRACE_MS = 2_000;

/** Members of a `pg` client that its types lack. */
interface Wire {
  readonly connection: EventEmitter & { readonly stream: Socket };
  /** False while a statement is running. */
  readonly readyForQuery: boolean;
}

/**
 * Destroys connections on which a statement gets no response. The server's time-outs do not help when the network drops
 * packets, and the pool would reuse such a connection.
 */
function cutUnanswered(pool: Pool, timeoutMs: number): void {
  pool.on('connect', (client) => {
    const wire = wireOf(client);
    const { stream } = wire.connection;
    stream.setTimeout(timeoutMs);
    stream.on('timeout', () => {
      if (!wire.readyForQuery) stream.destroy(new Error('Connection terminated: a statement was not answered in time'));
    });
  });
}

function wireOf(client: PoolClient): Wire {
  return client as unknown as Wire;
}

/**
 * Closes the idle connections when one connection is lost. A restart, a failover or a proxy usually ends all of them, but
 * an idle one fails only when it is used: a retry must not get such a connection.
 */
function closeWithOthers(pool: Pool): void {
  const idle = new Set<PoolClient>();
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('release', (_error, client) => idle.add(client));
  pool.on('connect', (client) => {
    client.on('error', () => {
      for (const other of idle) wireOf(other).connection.stream.destroy();
      idle.clear();
    });
  });
}

/**
 * Closes a connection whose prepared statements are out of date. After a dump was restored in place, the columns have types
 * with the same names and other ids, and PostgreSQL rejects the statements as long as the connection lasts.
 */
function closeOutdated(pool: Pool): void {
  pool.on('connect', (client) => {
    const { connection } = wireOf(client);
    connection.on('errorMessage', ({ routine }: { readonly routine?: string }) => {
      if (routine !== 'RevalidateCachedQuery') return;
      connection.stream.destroy(new Error('Connection terminated: its prepared statements are out of date'));
    });
  });
}

/**
 * The write batches depend on READ COMMITTED. It is set on the session because setting it in each transaction costs a
 * round trip. The adapter reads every timestamptz as UTC, so the time zone of the session must be UTC.
 */
const SESSION_OPTIONS = '-c default_transaction_isolation=read\\ committed -c TimeZone=UTC';

/** In `pg` the options of a connection string replace all others. Here both apply, and ours take precedence. */
function withSessionOptions(url: string): { readonly url: string; readonly sessionOptions: string } {
  const parsed = new URL(url);
  const theirs = parsed.searchParams.get('options');
  parsed.searchParams.delete('options');
  return { url: parsed.href, sessionOptions: theirs === null ? SESSION_OPTIONS : `${theirs} ${SESSION_OPTIONS}` };
}

const MAX_STATEMENT_NAMES = 500;

/** Names of prepared statements, one for each text. Texts beyond the maximum are not named. */
function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= MAX_STATEMENT_NAMES) return '';
    const name = `og_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
    names.set(sql, name);
    return name;
  };
}
