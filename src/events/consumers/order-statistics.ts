import type { Queryable } from '../../database/database.js';
import type { EventRange } from '../../orders/interfaces/event-log.js';
import { ORDER_STATISTICS } from '../../orders/interfaces/order-statistics.js';
import type { TransactionalConsumer } from './consumer.js';

/**
 * Projects the event log into the statistics tables. Batches are large to limit bloat: frequent small updates of one row
 * leave dead tuples that VACUUM cannot remove while an older transaction is open. Queries add the events that have not
 * been applied to the tables yet.
 *
 * @param applyEvents applies a range of events to the statistics tables
 */
export function orderStatisticsProjection(
  applyEvents: (tx: Queryable, range: EventRange) => Promise<void>,
): TransactionalConsumer {
  return {
    kind: 'transactional',
    name: ORDER_STATISTICS,
    batchSize: 2_000,
    maxDelayMs: 60_000,
    tables: ['order_stats', 'order_stats_durations'],
    handle: applyEvents,
  };
}
