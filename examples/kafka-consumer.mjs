// Prints the events of the Kafka topic, in order for each order, and continues behind the last printed one after a restart.
// Records may be repeated: a version that is not greater than the last one of its order was seen before.
import { Consumer, stringDeserializers } from '@platformatic/kafka';

const consumer = new Consumer({
  clientId: 'example',
  groupId: process.env.KAFKA_GROUP ?? 'order-printer',
  bootstrapBrokers: (process.env.KAFKA_BROKERS ?? '127.0.0.1:9094').split(','),
  deserializers: stringDeserializers,
});
process.once('SIGTERM', () => consumer.close(true));
process.once('SIGINT', () => consumer.close(true));

// A real reader stores the versions together with its effects, in one transaction. Then a restart repeats no effect either.
const versions = new Map();

const options = { topics: ['order_events'], mode: 'committed', fallbackMode: 'earliest', autocommit: false };
for await (const record of await consumer.consume(options)) {
  const event = JSON.parse(record.value);
  if (event.version > (versions.get(event.orderId) ?? 0)) {
    versions.set(event.orderId, event.version);
    const { type, orderId, version, order } = event;
    console.log(`${orderId} ${version} ${type} ${order.status} ${order.total.amount} ${order.total.currency}`);
  }
  await record.commit(); // after the effect, so that no event is missed
}
