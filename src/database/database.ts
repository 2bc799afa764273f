import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Socket } from 'node:net';
import { Pool, type PoolClient } from 'pg';
import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';
import { PrismaClient } from '../generated/prisma/client.js';

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Named prepared statements; off behind a pooler that hands out connections by transaction and cannot keep them. */
  readonly preparedStatements: boolean;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

export interface Database {
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/** What either the client or an interactive transaction can do. */
export type Queryable = Pick<PrismaClient, '$queryRawUnsafe' | '$executeRawUnsafe'>;

/** Opens a pool and a Prisma client over it. Nothing connects before the first statement. */
export function openDatabase(options: DatabaseOptions, log: Logger): Database {
  const { url, sessionOptions } = withSessionOptions(options.url);
  const pool = new Pool({
    connectionString: url,
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
  const failures = createFailureLog(log);
  const onLost = (error: Error) => failures.failed(error, 'a database connection was lost');
  pool.on('connect', () => failures.worked('there are new connections to the database'));
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onLost,
    onConnectionError: onLost,
    ...(options.preparedStatements ? { statementNameGenerator: statementNames() } : {}),
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return { prisma, close: () => prisma.$disconnect() };
}

const KEEP_ALIVE_MS = 10_000;
/** How much later than the server's own time-out an answer may come. */
const ANSWER_GRACE_MS = 2_000;

/** What a client of `pg` has and its types leave out. */
interface Wire {
  readonly connection: { readonly stream: Socket };
  /** False while a statement waits for its answer. */
  readonly readyForQuery: boolean;
}

/**
 * Cuts connections on which a statement gets no answer at all. The server's time-outs do not help where packets vanish
 * on the way, and a pool would hand such a connection out again and again.
 */
function cutUnanswered(pool: Pool, patienceMs: number): void {
  pool.on('connect', (client) => {
    const wire = wireOf(client);
    const { stream } = wire.connection;
    stream.setTimeout(patienceMs);
    stream.on('timeout', () => {
      if (!wire.readyForQuery) stream.destroy(new Error('Connection terminated: a statement was not answered in time'));
    });
  });
}

function wireOf(client: PoolClient): Wire {
  return client as unknown as Wire;
}

/**
 * Closes the idle connections when one is lost. What ended it (a restart, a failover, a proxy) has most often ended the
 * others too, which shows only when they are used: a second try must not meet one of them.
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
 * READ COMMITTED is what the write batches are built on, said at the session because saying it in each transaction
 * costs a round trip. The adapter reads every timestamptz as UTC whatever the session's zone is, so it must be UTC.
 */
const SESSION_OPTIONS = '-c default_transaction_isolation=read\\ committed -c TimeZone=UTC';

/** In `pg` the options of a connection string replace all others; here they are put before ours. */
function withSessionOptions(url: string): { readonly url: string; readonly sessionOptions: string } {
  const parsed = new URL(url);
  const theirs = parsed.searchParams.get('options');
  parsed.searchParams.delete('options');
  return { url: parsed.href, sessionOptions: theirs === null ? SESSION_OPTIONS : `${theirs} ${SESSION_OPTIONS}` };
}

const MAX_STATEMENT_NAMES = 500;

/** Names for prepared statements: the same text has the same name. Past the bound, texts stay unnamed. */
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
