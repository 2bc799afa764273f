import { RequestError } from './errors.js';
import { decodeCursor, encodeCursor } from './opaque-cursor.js';
import type { LoggedEvent } from './order-event.js';

/** A point in the event log, after an event. */
export type LogPoint = Pick<LoggedEvent, 'position' | 'orderId' | 'occurredAt'>;

/** A cursor of the event log, as a client sends it. */
export interface LogCursor {
  readonly position: bigint;
  /** Identifies the event at the position: a log that was restored to an earlier state may have another one there. */
  readonly check: string;
}

/** The cursor that every reader of the event log takes. A client may receive the cursor of an event of another customer. */
export function encodeLogCursor(point: LogPoint): string {
  return encodeCursor(['log', point.position.toString(), checkOf(point)]);
}

/** Reads a cursor of the event log. @throws RequestError INVALID_CURSOR */
export function decodeLogCursor(cursor: string, argument: string): LogCursor {
  const [kind, position, check, ...rest] = decodeCursor(cursor) ?? [];
  const isValid = kind === 'log' && rest.length === 0 && isText(position, POSITION) && isText(check, CHECK);
  if (isValid && BigInt(position) <= LAST_POSITION) return { position: BigInt(position), check };
  throw new RequestError('INVALID_CURSOR', `${argument} must be a cursor of the event log.`, { details: { argument } });
}

/** Whether the event at the position of a cursor is the one that the cursor was made from. */
export function pointsAt({ position, check }: LogCursor, point: LogPoint): boolean {
  return point.position === position && checkOf(point) === check;
}

/** It has no full id, because the cursor can belong to an event that the viewer may not see. */
function checkOf({ orderId, occurredAt }: LogPoint): string {
  return `${orderId.slice(-8)}-${occurredAt.getTime()}`;
}

const POSITION = /^[1-9]\d{0,18}$/;
const CHECK = /^[0-9a-f]{8}-\d{1,15}$/;
const LAST_POSITION = 2n ** 63n - 1n;

function isText(value: unknown, format: RegExp): value is string {
  return typeof value === 'string' && format.test(value);
}
