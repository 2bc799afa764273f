import { inChildSpan, type Span } from '../observability/span.js';
import { POSTGRESQL } from './statement-span.js';

const COMMIT = { kind: 'client', attributes: { ...POSTGRESQL, 'db.operation.name': 'COMMIT' } } as const;

/**
 * Runs a transaction in a span, from the wait for a connection to the end of COMMIT, which has a span of its own.
 *
 * @param work calls its argument just before COMMIT is sent
 */
export function inTransactionSpan<T>(work: (onCommit: () => void) => Promise<T>): Promise<T> {
  return inChildSpan('transaction', { attributes: POSTGRESQL }, async (span) => {
    if (span === null) return work(() => undefined);
    let commit: Span | null = null;
    try {
      return await work(() => (commit = span.child('COMMIT', COMMIT)));
    } finally {
      (commit as Span | null)?.end();
    }
  });
}
