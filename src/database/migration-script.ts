/** Sends SQL to the database. Several statements sent at once are one transaction. */
type Query = (sql: string) => Promise<{ readonly rows: readonly unknown[] }>;

/**
 * The first line of a migration that PostgreSQL cannot run in a transaction, for example one that builds an index while
 * orders are written. Its statements are repeatable and end at the end of a line.
 */
const OUTSIDE_A_TRANSACTION = '-- outside a transaction\n';

/** Longest wait for a lock. While a statement waits for the lock of a table, all later statements on it wait, too. */
export const MIGRATION_LOCK_TIMEOUT_MS = 5_000;
/** Outside a transaction no other statement waits behind this one, and it waits for every transaction that is older. */
const LOCK_TIMEOUT_OUTSIDE_MS = 60_000;

/**
 * Runs a migration script, followed by the SQL that records its end. An interrupted script can be run again: it has
 * changed nothing if it is a transaction, and its statements are repeatable if it is not.
 */
export async function runScript(query: Query, script: string, epilogue: string): Promise<void> {
  if (!script.startsWith(OUTSIDE_A_TRANSACTION)) {
    await query(`${script}\n;${epilogue}`);
    return;
  }
  await query(`SET lock_timeout = ${LOCK_TIMEOUT_OUTSIDE_MS}`);
  for (const statement of statementsOf(script)) {
    await dropInvalidIndex(query, statement);
    await query(statement);
  }
  await query('RESET lock_timeout');
  if (epilogue !== '') await query(epilogue);
}

function statementsOf(script: string): string[] {
  const code = script
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');
  return code
    .split(/;$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

const BUILDS_INDEX = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS "(?<name>\w+)"/;

/** An interrupted build leaves an index that is maintained but never used; IF NOT EXISTS would keep it. */
async function dropInvalidIndex(query: Query, statement: string): Promise<void> {
  if (!/^CREATE\b.*\bINDEX\b/.test(statement)) return;
  const name = BUILDS_INDEX.exec(statement)?.groups?.['name'];
  if (name === undefined) throw new Error(`not CREATE INDEX CONCURRENTLY IF NOT EXISTS "name": ${statement}`);
  const { rows } = await query(
    `SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('"${name}"') AND NOT (indisvalid AND indisready)`,
  );
  if (rows.length > 0) await query(`DROP INDEX CONCURRENTLY "${name}"`);
}
