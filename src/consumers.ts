import type { Config } from './config.js';
import type { EventConsumer } from './events/consumers/consumer.js';
import { orderStatisticsProjection } from './events/consumers/order-statistics.js';
import { fulfilmentConsumer } from './fulfilment/fulfilment-consumer.js';
import { simulatedHandler } from './fulfilment/simulated-handler.js';
import type { FulfilmentHandler } from './orders/interfaces/fulfilment-handler.js';
import { countEvents } from './store/statements/count-events.js';
import { readArrivals } from './store/statements/read-arrivals.js';

/** All consumers of the event log. The server runs them; `npm run consumer` reports and rebuilds them. */
export function createConsumers(config: Pick<Config, 'fulfilment'>): readonly EventConsumer[] {
  const handler = fulfilmentHandlerOf(config);
  return [
    orderStatisticsProjection(countEvents),
    ...(handler === null ? [] : [fulfilmentConsumer(handler.steps, readArrivals)]),
  ];
}

/** Who does the work of fulfilment; null if it is off. */
export function fulfilmentHandlerOf({ fulfilment }: Pick<Config, 'fulfilment'>): FulfilmentHandler | null {
  return fulfilment.kind === 'off' ? null : simulatedHandler(fulfilment);
}
