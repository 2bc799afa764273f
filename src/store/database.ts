import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import type { Logger } from 'pino';
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
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    options: SESSION_OPTIONS,
  });
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: (error) => log.warn({ err: error }, 'an idle database connection was lost'),
    onConnectionError: (error) => log.warn({ err: error }, 'a database connection was lost'),
    ...(options.preparedStatements ? { statementNameGenerator: statementNames() } : {}),
  });
  const prisma = new PrismaClient({ adapter });
  return { prisma, close: () => prisma.$disconnect() };
}

/**
 * READ COMMITTED is what the write batches are built on, said at the session because saying it in each transaction
 * costs a round trip. The adapter reads every timestamptz as UTC whatever the session's zone is, so it must be UTC.
 */
const SESSION_OPTIONS = '-c default_transaction_isolation=read\\ committed -c TimeZone=UTC';

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
