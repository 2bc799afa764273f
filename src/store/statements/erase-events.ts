import type { Queryable } from '../../database/database.js';
import { command, execute, query, readRows } from '../statement.js';

/** The events of an order up to a version, which lose the data of this customer. */
export interface ErasedEvents {
  readonly orderId: string;
  readonly upTo: number;
  readonly customerId: string;
}

/**
 * Erases the personal data of events of locked orders. Only the sequencer also updates these rows, in another order. Its
 * lock is taken first, so that the two never deadlock; the sequencer does not wait for it.
 */
export async function eraseEvents(tx: Queryable, erased: readonly ErasedEvents[]): Promise<void> {
  await readRows(tx, WAIT_FOR_SEQUENCER);
  const orderIds = erased.map(({ orderId }) => orderId);
  const versions = erased.map(({ upTo }) => upTo);
  const customerIds = erased.map(({ customerId }) => customerId);
  await execute(tx, ERASE_EVENTS, orderIds, versions, customerIds);
}

export const WAIT_FOR_SEQUENCER = query<{ readonly id: number }>(
  'SELECT s.id FROM event_sequencer s WHERE s.id = 1 FOR UPDATE',
  { id: 'integer' },
);

/** The keys of the customer's commands are erased too: the hash of a key includes the subject. */
export const ERASE_EVENTS = command(`
UPDATE order_events e SET customer_id = NULL, reason = NULL, actor = nullif(e.actor, c.customer_id),
  command_key = CASE WHEN e.actor = c.customer_id THEN NULL ELSE e.command_key END,
  command_fingerprint = CASE WHEN e.actor = c.customer_id THEN NULL ELSE e.command_fingerprint END
FROM unnest($1::uuid[], $2::int[], $3::text[]) AS c(order_id, version, customer_id)
WHERE e.order_id = c.order_id AND e.version <= c.version AND e.order_id = any($1::uuid[])
  AND (e.customer_id IS NOT NULL OR e.reason IS NOT NULL OR e.actor = c.customer_id)`);
