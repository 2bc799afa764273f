import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { EventConsumer } from '../events/consumers/consumer.js';
import { kafkaRelay } from '../events/consumers/kafka-relay.js';
import { orderStatisticsProjection } from '../events/consumers/order-statistics.js';
import { fulfilmentConsumer } from '../fulfilment/fulfilment-consumer.js';
import { simulatedHandler } from '../fulfilment/simulated-handler.js';
import { readCertificateAuthorities } from './certificate-authorities.js';
import { createKafkaTopic } from '../kafka/kafka-topic.js';
import type { FulfilmentHandler } from '../orders/interfaces/fulfilment-handler.js';
import { countEvents } from '../store/statements/count-events.js';
import { readArrivals } from '../store/statements/read-arrivals.js';
import { readEventDetails } from '../store/statements/read-event-details.js';

const KAFKA_TOPIC = 'order_events';

const caOf = (file: string | null) => (file === null ? null : readCertificateAuthorities(file));

/** The configured consumers of the event log. They connect to other systems when they handle events. */
export function createConsumers(config: Pick<Config, 'kafka' | 'fulfilment'>, log: Logger): readonly EventConsumer[] {
  const { kafka } = config;
  const consumers: EventConsumer[] = [orderStatisticsProjection(countEvents)];
  if (kafka !== null) {
    const tls = kafka.tls === null ? null : { ca: caOf(kafka.tls.caFile) };
    const topic = createKafkaTopic({ ...kafka, tls, name: KAFKA_TOPIC, log });
    consumers.push(kafkaRelay({ topic, readDetails: readEventDetails, log }));
  }
  const handler = fulfilmentHandlerOf(config);
  if (handler !== null) consumers.push(fulfilmentConsumer(handler.steps, readArrivals));
  return consumers;
}

/** The configured handler of fulfilment; null if it is off. */
export function fulfilmentHandlerOf({ fulfilment }: Pick<Config, 'fulfilment'>): FulfilmentHandler | null {
  return fulfilment.kind === 'off' ? null : simulatedHandler(fulfilment);
}
