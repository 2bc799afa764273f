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

/** @throws StartupError if a pooler or a proxy has dropped the settings of the session */
export async function checkSession({ prisma }: Database): Promise<void> {
  const [session] = await prisma.$queryRawUnsafe<{ zone: string; isolation: string }[]>(
    "SELECT current_setting('TimeZone') AS zone, current_setting('default_transaction_isolation') AS isolation",
  );
  if (session?.zone === 'UTC' && session.isolation === 'read committed') return;
  throw new StartupError(
    `Sessions of DATABASE_URL must have the time zone UTC and the isolation level read committed; they have ${session?.zone} and ${session?.isolation}. A pooler must pass startup options on, or the role must have these settings.`,
  );
}

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
