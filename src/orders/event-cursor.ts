import { RequestError } from '../domain/errors.js';
import { pointsAt, type LogCursor, type LogPoint } from '../domain/log-cursor.js';

interface ReadLog {
  /** The event at the position of the cursor. */
  readonly after: LogPoint | null;
  readonly end: LogPoint | null;
  /** Maximum number of events between the cursor and the end of the log; null is no limit. */
  readonly replayMax: number | null;
}

/** Checks a cursor with the log that was read from its position. @throws RequestError CURSOR_EXPIRED */
export function checkCursor(cursor: LogCursor, { after, end, replayMax }: ReadLog): LogPoint {
  if (after === null || !pointsAt(cursor, after)) throw expired(NOT_IN_LOG);
  const behind = (end?.position ?? 0n) - cursor.position;
  if (replayMax !== null && behind > BigInt(replayMax)) {
    throw expired(
      `The cursor is ${behind} events behind the end of the event log; EVENTS_REPLAY_MAX is ${replayMax}. Read the events by \`orderEvents\`, or subscribe with \`snapshot: true\` or without \`after\`.`,
    );
  }
  return after;
}

const NOT_IN_LOG =
  'The event log does not have the event of the cursor: the log was restored to an earlier state, or the cursor is of another one. Read the orders again, or subscribe with `snapshot: true` or without `after`.';

function expired(message: string): RequestError {
  return new RequestError('CURSOR_EXPIRED', message, { details: { argument: 'after' } });
}
