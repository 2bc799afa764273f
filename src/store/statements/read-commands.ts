import type { ReadQueryable } from '../../database/database.js';
import { resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, EVENT_SOURCE_COLUMNS, type EventRow, type EventSource } from '../event-columns.js';
import { query, readRows } from '../statement.js';

/** The command that caused an event. */
export type CommandRow = Pick<EventRow, 'orderId'> & Omit<EventSource, 'payload' | 'traceparent'>;

/** An idempotency key that an order may have been changed with. */
export interface KeyOfOrder {
  readonly orderId: string;
  /** Hashed. */
  readonly key: Uint8Array;
}

/** The commands that changed orders with these idempotency keys. */
export async function readKeyedCommands(db: ReadQueryable, keys: readonly KeyOfOrder[]): Promise<CommandRow[]> {
  const orderIds = keys.map(({ orderId }) => orderId);
  const hexKeys = keys.map(({ key }) => Buffer.from(key).toString('hex'));
  return readRows(db, READ_KEYED_COMMANDS, orderIds, hexKeys);
}

const { commandId, commandKey, commandFingerprint } = EVENT_SOURCE_COLUMNS;
const COMMAND_COLUMNS = { orderId: EVENT_COLUMNS.orderId, commandId, commandKey, commandFingerprint };

/** Reads one index entry for each key, regardless of the length of the history of its order. */
export const READ_KEYED_COMMANDS = query<CommandRow>(
  `
SELECT ${selectList(COMMAND_COLUMNS, 'e')}
FROM unnest($1::uuid[], $2::text[]) AS k(order_id, command_key)
JOIN order_events e ON e.order_id = k.order_id AND e.command_key = decode(k.command_key, 'hex')
WHERE e.order_id = any($1::uuid[]) AND e.command_key IS NOT NULL`,
  resultTypes(COMMAND_COLUMNS),
);

/**
 * The events of orders by the ids of their commands. It reads the histories of the orders, so it is only for retries.
 */
export async function readRetriedCommands(
  db: ReadQueryable,
  orderIds: readonly string[],
  commandIds: readonly string[],
): Promise<CommandRow[]> {
  return readRows(db, READ_RETRIED_COMMANDS, orderIds, commandIds);
}

export const READ_RETRIED_COMMANDS = query<CommandRow>(
  `
SELECT ${selectList(COMMAND_COLUMNS, 'e')}
FROM order_events e
WHERE e.order_id = any($1::uuid[]) AND e.command_id = any($2::uuid[])`,
  resultTypes(COMMAND_COLUMNS),
);
