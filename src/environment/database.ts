import { choice, postgresUrl, text, whole, type Variable } from '../variable-kinds.js';

/** The database. */
export const DATABASE_VARIABLES = {
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
  ALLOW_UNSAFE_DATABASE: choice(
    'false',
    ['true', 'false'],
    'Whether the server starts on a database that can lose acknowledged orders: with `fsync` or `synchronous_commit` off.',
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
    1_000,
    50,
    60_000,
    'Maximum time to obtain a database connection, in milliseconds.',
  ),
  DATABASE_WAIT_MS: whole(
    60_000,
    0,
    3_600_000,
    'Maximum time that a start waits for a database that cannot be reached, in milliseconds.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
