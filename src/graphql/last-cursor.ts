import { encodeLogCursor, type LogPoint } from '../domain/log-cursor.js';
import { EventStream } from '../orders/event-stream.js';

/** The last event that a subscription has sent, or where it began; null at the beginning of the log. */
export function sentBy(source: unknown): LogPoint | null {
  return source instanceof EventStream ? source.sent : null;
}

/** The cursor after which each of several subscriptions can be resumed without a gap; null if there is none. */
export function earliestCursor(sent: readonly (LogPoint | null)[]): string | null {
  const points = sent.filter((point) => point !== null);
  if (points.length === 0 || points.length < sent.length) return null;
  return encodeLogCursor(points.reduce((first, point) => (point.position < first.position ? point : first)));
}

export type { LogPoint };
