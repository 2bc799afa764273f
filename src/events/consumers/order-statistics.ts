import type { Queryable } from '../../database/database.js';
import type { EventRange } from '../../orders/interfaces/event-log.js';
import { ORDER_STATISTICS } from '../../orders/interfaces/order-statistics.js';
import type { TransactionalConsumer } from './consumer.js';

/**
 * Counts the events of the log into the statistics. Batches are large: a row that is updated for every few events has as
 * many dead versions as an old open transaction keeps. Readings count the events that are not in the rows yet.
 *
 * @param countEvents adds a range of events to the rows
 */
export function orderStatisticsProjection(
  countEvents: (tx: Queryable, range: EventRange) => Promise<void>,
): TransactionalConsumer {
  return {
    kind: 'transactional',
    name: ORDER_STATISTICS,
    batchSize: 2_000,
    maxDelayMs: 60_000,
    tables: ['order_stats', 'order_stats_durations'],
    handle: countEvents,
  };
}
