/** The migrated database that each test's own is a copy of. */
export const TEMPLATE = 'ordergraph_template';

/** The same server, another database. */
export function serverUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
