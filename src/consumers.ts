import type { EventConsumer } from './events/consumers/consumer.js';
import { orderStatisticsProjection } from './events/consumers/order-statistics.js';
import { countEvents } from './store/statements/count-events.js';

/** All consumers of the event log. The server runs them; `npm run cli -- consumers` reports and rebuilds them. */
export function createConsumers(): readonly EventConsumer[] {
  return [orderStatisticsProjection(countEvents)];
}
