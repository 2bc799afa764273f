import type { Logger } from 'pino';
import { maskSecrets } from '../observability/logged-error.js';
import { StartupError } from '../startup-error.js';
import { withClient } from './client.js';
import type { Database } from './database.js';

/** The oldest supported PostgreSQL, in the form of `server_version_num`. */
const OLDEST_VERSION = 150_000;

/** @throws StartupError if the server is too old */
export async function checkVersion(url: string): Promise<void> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ number: number; text: string }>(
      "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text",
    ),
  );
  const [version] = rows;
  if (version !== undefined && version.number >= OLDEST_VERSION) return;
  throw new StartupError(`Ordergraph needs PostgreSQL 15 or newer; DATABASE_URL has version ${version?.text}.`);
}

/** The settings that `openDatabase` passes to its sessions. */
interface SessionSettings {
  readonly zone: string;
  readonly isolation: string;
  /** Names of the time-outs that the session lacks. */
  readonly unlimited: string[];
}

/** @throws StartupError if a pooler or a proxy has dropped the settings of the session */
export async function checkSession({ prisma }: Database): Promise<void> {
  const [session] = await prisma.$queryRawUnsafe<SessionSettings[]>(READ_SESSION, TIMEOUTS);
  const { zone, isolation, unlimited } = session ?? { zone: '', isolation: '', unlimited: TIMEOUTS };
  const isCurrent = UTC.has(zone) && isolation === 'read committed';
  if (isCurrent && unlimited.length === 0) return;
  const problem = isCurrent
    ? `need the time-outs ${unlimited.join(', ')}, which are off`
    : `must have the time zone UTC and the isolation level read committed; they have ${zone} and ${isolation}`;
  throw new StartupError(
    `Sessions of DATABASE_URL ${problem}. A pooler must pass startup options on, or set them; see docs/operations.md.`,
  );
}

const UTC: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC']);
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

const READ_SESSION = `
SELECT current_setting('TimeZone') AS zone, current_setting('default_transaction_isolation') AS isolation,
  array(SELECT name FROM pg_settings WHERE name = any($1) AND setting = '0') AS unlimited`;

/**
 * Rejects a database that can lose acknowledged orders. The settings are those of the sessions of this server, which its
 * role and its database may override.
 *
 * @throws StartupError that names the settings, unless `mayBeUnsafe`
 */
export async function checkDurability(
  { prisma }: Database,
  { mayBeUnsafe, log }: { readonly mayBeUnsafe: boolean; readonly log: Logger },
): Promise<void> {
  const rows = await prisma.$queryRawUnsafe<{ name: string }[]>(
    "SELECT name FROM pg_settings WHERE name = any($1) AND setting = 'off'",
    [...UNSAFE, FULL_PAGE_WRITES],
  );
  const off = new Set(rows.map(({ name }) => name));
  if (off.has(FULL_PAGE_WRITES) && !mayBeUnsafe) log.warn(TORN_PAGES);
  const unsafe = UNSAFE.filter((name) => off.has(name)).join(', ');
  if (unsafe === '') return;
  const problem = `The database can lose acknowledged orders when it crashes. These settings are off: ${unsafe}.`;
  if (!mayBeUnsafe) throw new StartupError(`${problem} Turn them on, or set ALLOW_UNSAFE_DATABASE=true.`);
  log.info(`${problem} ALLOW_UNSAFE_DATABASE=true allows it.`);
}

const UNSAFE = ['fsync', 'synchronous_commit'];
const FULL_PAGE_WRITES = 'full_page_writes';
const TORN_PAGES =
  'full_page_writes is off: unless the file system writes whole pages, as ZFS does, a crash of the machine can corrupt the database';

/** The start-up error for a database that cannot be reached or migrated. */
export function cannotUse(url: string, cause: unknown): StartupError {
  if (cause instanceof StartupError) return cause;
  const reason = maskSecrets(reasonOf(cause));
  return new StartupError(`The database at ${new URL(url).host} cannot be used: ${reason}`, { cause });
}

/** The message of a failure, or its code: refused connections have no message. */
export function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return typeof message === 'string' && message !== '' ? message : String(code ?? cause);
}
