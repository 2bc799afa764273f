import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { EventConsumer } from '../events/consumers/consumer.js';
import { kafkaRelay } from '../events/consumers/kafka-relay.js';
import { orderStatisticsProjection } from '../events/consumers/order-statistics.js';
import { fulfilmentConsumer } from '../fulfilment/fulfilment-consumer.js';
import { simulatedHandler } from '../fulfilment/simulated-handler.js';
import { kafkaClusterOf } from './kafka-cluster.js';
import { createKafkaTopic } from '../kafka/kafka-topic.js';
import type { PartStates } from '../observability/part-monitor.js';
import { traceTopic } from '../kafka/traced-topic.js';
import type { Tracer } from '../observability/span.js';
import type { FulfilmentHandler } from '../orders/interfaces/fulfilment-handler.js';
import { countEvents } from '../store/statements/count-events.js';
import { readArrivals } from '../store/statements/read-arrivals.js';
import { readEventDetails } from '../store/statements/read-event-details.js';

const KAFKA_TOPIC = 'order_events';

/** The configured consumers of the event log. They connect to other systems when they handle events. */
export function createConsumers(
  config: Pick<Config, 'kafka' | 'fulfilment'>,
  log: Logger,
  { tracer = null, parts = new Map() }: { readonly tracer?: Tracer | null; readonly parts?: PartStates } = {},
): readonly EventConsumer[] {
  const { kafka } = config;
  const consumers: EventConsumer[] = [orderStatisticsProjection(countEvents)];
  if (kafka !== null) {
    const topic = createKafkaTopic({ ...kafka, ...kafkaClusterOf(kafka), name: KAFKA_TOPIC, log });
    parts.set('kafka', topic.state);
    const published = tracer === null ? topic : traceTopic(topic, KAFKA_TOPIC, tracer);
    consumers.push(kafkaRelay({ topic: published, readDetails: readEventDetails, log }));
  }
  const handler = fulfilmentHandlerOf(config);
  if (handler !== null) consumers.push(fulfilmentConsumer(handler.steps, readArrivals));
  return consumers;
}

/** The configured handler of fulfilment; null if it is off. */
export function fulfilmentHandlerOf({ fulfilment }: Pick<Config, 'fulfilment'>): FulfilmentHandler | null {
  return fulfilment.kind === 'off' ? null : simulatedHandler(fulfilment);
}
