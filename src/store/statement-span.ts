import type { SpanOptions } from '../observability/span.js';

interface StatementSpan {
  readonly name: string;
  readonly options: SpanOptions;
}

export const POSTGRESQL = { 'db.system.name': 'postgresql' } as const;

/** The tables that a statement reads or writes by name. `FOR UPDATE` and `DO UPDATE` are not separate statements. */
const STEP =
  /(INSERT INTO|(?<!FOR |FOR NO KEY |DO )UPDATE|DELETE FROM|FROM|JOIN)\s+(orders|order_\w+|event_\w+|server_\w+)\b/g;
const OPERATIONS: Readonly<Record<string, string>> = {
  'INSERT INTO': 'INSERT',
  UPDATE: 'UPDATE',
  'DELETE FROM': 'DELETE',
};
/** By the semantic conventions. */
const MAX_SUMMARY = 255;
const MAX_KNOWN = 1_000;
const known = new Map<string, StatementSpan>();

/** The name of a statement: its operations and their tables, such as `INSERT orders SELECT order_events`. It has no values. */
export function statementSpan(sql: string): StatementSpan {
  const existing = known.get(sql);
  if (existing !== undefined) return existing;
  const steps = new Map(
    [...sql.matchAll(STEP)].map(([, verb = '', table = '']) => {
      const operation = OPERATIONS[verb] ?? 'SELECT';
      return [`${operation} ${table}`, { 'db.operation.name': operation, 'db.collection.name': table }] as const;
    }),
  );
  const summary = steps.size === 0 ? (/\w+/.exec(sql)?.[0] ?? 'statement') : [...steps.keys()].join(' ');
  const [only] = steps.size === 1 ? steps.values() : [];
  const name = summary.slice(0, MAX_SUMMARY);
  const span: StatementSpan = {
    name,
    options: { kind: 'client', attributes: { ...POSTGRESQL, 'db.query.summary': name, ...only } },
  };
  if (known.size < MAX_KNOWN) known.set(sql, span);
  return span;
}
