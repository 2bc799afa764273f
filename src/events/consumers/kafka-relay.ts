import type { Logger } from 'pino';
import type { Queryable } from '../../database/database.js';
import { MESSAGE_SCHEMA_VERSION, orderEventMessage, type OrderEventMessage } from '../../domain/order-event-message.js';
import { eventId, type LoggedEvent } from '../../domain/order-event.js';
import { createFailureLog } from '../../observability/failure-log.js';
import type { EventDetails, EventRange } from '../../orders/interfaces/event-log.js';
import { TopicUnavailable, type EventTopic, type TopicRecord } from '../../orders/interfaces/event-topic.js';
import { ConsumerDelay, ConsumerHold, type Delivery, type ExternalConsumer } from './consumer.js';

const NAME = 'kafka-relay';

/** By position. */
type ReadDetails = (db: Queryable, range: EventRange) => Promise<ReadonlyMap<bigint, EventDetails>>;

export interface KafkaRelayOptions {
  readonly topic: EventTopic;
  readonly readDetails: ReadDetails;
  readonly log: Logger;
}

/** Publishes every event of the log to a topic. Events of an order keep their order; each arrives at least once. */
export function kafkaRelay({ topic, readDetails, log }: KafkaRelayOptions): ExternalConsumer {
  const failures = createFailureLog(log);
  let isCompared = false;

  async function deliver(events: readonly LoggedEvent[], delivery: Delivery): Promise<void> {
    if (!isCompared) await compareWithLog(topic, readDetails, delivery);
    isCompared = true;
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    const details = await readDetails(delivery.db, { after: first.position - 1n, upTo: last.position });
    const records = events.map((event) => toRecord(event, details.get(event.position), delivery.token));
    await topic.publish(records, delivery.signal);
  }

  return {
    kind: 'external',
    name: NAME,
    batchSize: 2_000,
    maxDelayMs: 0,
    debounceMs: 50, // a turn writes the row of the consumer twice
    async handle(events, delivery) {
      try {
        await deliver(events, delivery);
      } catch (cause) {
        if (!(cause instanceof TopicUnavailable)) throw cause;
        failures.failed(cause, 'Kafka does not accept events; they wait in the event log');
        throw new ConsumerDelay('Kafka does not accept events.', { cause });
      }
      failures.worked('Kafka accepts events again');
    },
    close: () => topic.close(),
  };
}

function toRecord(event: LoggedEvent, details: EventDetails | undefined, token: bigint): TopicRecord {
  const { orderId, version, position } = event;
  if (details?.orderId !== orderId || details.version !== version) {
    throw new Error(`the event at position ${position} changed while it was read`);
  }
  const message = orderEventMessage(event, details.payload);
  const headers = {
    'event-id': message.id,
    'event-type': message.type,
    'schema-version': String(MESSAGE_SCHEMA_VERSION),
    'content-type': 'application/json',
    [TOKEN_HEADER]: token.toString(),
  };
  const { traceparent } = details;
  return {
    key: orderId,
    value: JSON.stringify(message),
    headers: traceparent === null ? headers : { ...headers, traceparent },
  };
}

const TOKEN_HEADER = 'lease-token';

/**
 * Compares the newest record of each partition with the log. A record that the log does not have was published before the
 * database was restored to an earlier state: new events would get its position again.
 *
 * @throws ConsumerHold
 */
async function compareWithLog(
  topic: EventTopic,
  readDetails: ReadDetails,
  { db, signal, acceptedToken }: Delivery,
): Promise<void> {
  const published = (await topic.newestRecords(signal)).flatMap((record) => readPublished(record) ?? []);
  const unknown: Published[] = [];
  for (const record of published) {
    if (record.token <= acceptedToken) continue; // compared before, and an operator has decided
    const details = await readDetails(db, { after: record.position - 1n, upTo: record.position });
    const found = details.get(record.position);
    if (found === undefined || eventId(found.orderId, found.version) !== record.id) unknown.push(record);
  }
  const newest = unknown.toSorted((a, b) => Number(b.position - a.position))[0];
  if (newest === undefined) return;
  throw new ConsumerHold(
    `Kafka has events that the log does not have, such as ${newest.id} at position ${newest.position}: the database was restored to an earlier state. Its readers have seen changes that no longer exist. Correct them, then run "npm run cli -- consumers resume ${NAME}" to publish the events after the position of the consumer, or "npm run cli -- consumers rebuild ${NAME}" to publish every event again.`,
    { acceptedToken: published.reduce((most, { token }) => (token > most ? token : most), 0n) },
  );
}

interface Published extends Pick<OrderEventMessage, 'id'> {
  readonly position: bigint;
  readonly token: bigint;
}

/** @returns null for a record of another producer */
function readPublished({ value, headers }: TopicRecord): Published | null {
  const token = headers[TOKEN_HEADER] ?? '';
  if (!/^\d{1,19}$/.test(token)) return null;
  const { id, position } = JSON.parse(value) as OrderEventMessage;
  return { id, position: BigInt(position), token: BigInt(token) };
}
