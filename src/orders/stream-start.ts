import { RequestError } from '../domain/errors.js';
import type { StreamStart } from './event-stream.js';
import type { Caller } from './interfaces/caller.js';
import type { EventFilter, StartPoint } from './interfaces/event-log.js';
import type { OrderReader } from './interfaces/order-reader.js';
import type { OrderFilter } from './interfaces/order-filter.js';

/** Maximum number of orders of a snapshot. */
export const SNAPSHOT_MAX_ORDERS = 1_000;
/** Maximum number of events without a position from which a stream starts. Beyond it, the start waits for the sequencer. */
const MAX_PENDING = 1_000;
const PENDING_RETRY_MS = 50;

/**
 * Starts after everything that is committed: after the end of the log, without the events that have no position yet.
 * Concurrent starts share one read.
 */
export async function startAtEnd(reader: OrderReader, caller: Caller): Promise<StreamStart> {
  let start: StartPoint = await reader.startPoint(MAX_PENDING + 1);
  while (start.pending.length > MAX_PENDING) {
    if (performance.now() + PENDING_RETRY_MS > caller.deadline) throw new RequestError('SERVICE_UNAVAILABLE', BEHIND);
    await new Promise((resolve) => {
      setTimeout(resolve, PENDING_RETRY_MS);
    });
    start = await reader.startPoint(MAX_PENDING + 1);
  }
  const { end, pending } = start;
  return { events: [], at: end, sent: end, pending };
}

const BEHIND = 'The subscription was not started: the event log is behind the writes. Retry later.';

/** Starts with the latest event of each order, then continues after the end of the log at that time. */
export async function startWithSnapshot(reader: OrderReader, filter: EventFilter): Promise<StreamStart> {
  const { orderId, customerId } = filter;
  if (orderId === null) {
    const count = await reader.count({ filter: { ...NO_FILTER, customerId }, limit: SNAPSHOT_MAX_ORDERS + 1 });
    if (count > SNAPSHOT_MAX_ORDERS) {
      const message = `snapshot must select at most ${SNAPSHOT_MAX_ORDERS} orders; customerId selects more. Set orderId, or read \`orders\` and \`orderEvents\`.`;
      throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'snapshot' } });
    }
  }
  const { events, end } = await reader.latestEvents(filter);
  return { events, at: end, sent: null, pending: [] };
}

const NO_FILTER: OrderFilter = {
  customerId: null,
  isGuest: null,
  statuses: null,
  customerEmail: null,
  externalReference: null,
  number: null,
  createdAt: null,
  updatedAt: null,
  total: null,
  currency: null,
};
