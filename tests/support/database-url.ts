/** The migrated database that test databases are copied from. */
export const TEMPLATE = 'ordergraph_template';

/** The URL of another database on the same server. */
export function serverUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** The databases of most tests are faster without durability. */
export const FAST_DATABASE = { ALLOW_UNSAFE_DATABASE: 'true' };

/** On a busy machine a statement can take longer than by default, and the server would reject queued requests. */
export const PATIENT_QUEUES = { QUEUE_STALL_MS: '20000' };
/** The default, for tests of a database that stalls. */
export const DEFAULT_QUEUES = { QUEUE_STALL_MS: '800' };
