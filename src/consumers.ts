import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { EventConsumer } from './events/consumers/consumer.js';
import { kafkaRelay } from './events/consumers/kafka-relay.js';
import { orderStatisticsProjection } from './events/consumers/order-statistics.js';
import { createKafkaTopic } from './kafka/kafka-topic.js';
import { countEvents } from './store/statements/count-events.js';
import { readEventDetails } from './store/statements/read-event-details.js';

const KAFKA_TOPIC = 'order_events';

/** The configured consumers of the event log. They connect to other systems when they handle events. */
export function createConsumers({ kafka }: Pick<Config, 'kafka'>, log: Logger): readonly EventConsumer[] {
  const statistics = orderStatisticsProjection(countEvents);
  if (kafka === null) return [statistics];
  const topic = createKafkaTopic({ ...kafka, name: KAFKA_TOPIC, log });
  return [statistics, kafkaRelay({ topic, readDetails: readEventDetails, log })];
}
