import { brokers, choice, optionalText, optionalWhole, whole, type Variable } from '../variable-kinds.js';

/** The event log and its readers. */
export const EVENT_VARIABLES = {
  EVENTS_DEBOUNCE_MS: whole(
    10,
    0,
    1_000,
    'Time that the sequencer collects commits before it assigns positions, in milliseconds.',
  ),
  EVENTS_POLL_MS: whole(1_000, 10, 60_000, 'Interval at which the event log is polled, in milliseconds.'),
  EVENTS_REPLAY_MAX: whole(
    1_000_000,
    0,
    1_000_000_000_000,
    'Maximum number of events between the cursor of a subscription and the end of the event log. An older cursor is rejected as `CURSOR_EXPIRED`.',
  ),
  SUBSCRIBER_MAX_QUEUED: whole(
    1_000,
    1,
    100_000,
    'Maximum number of events queued for one subscription. A subscription that exceeds it ends with `SLOW_CONSUMER`.',
  ),
  SUBSCRIBERS_MAX_COST: whole(
    200_000,
    100,
    1_000_000_000,
    'Maximum cost of one event, summed over all subscriptions to the same orders. Further subscriptions are rejected as `THROTTLED`.',
  ),
  KAFKA_BROKERS: brokers(
    'Brokers of the Kafka cluster that every event is published to, in the topic `order_events`; see docs/events.md. Without it, no event is published.',
  ),
  KAFKA_SSL: choice('off', ['off', 'on'], '`on` encrypts the connections to Kafka by TLS and checks the certificates.'),
  KAFKA_SSL_CA_FILE: optionalText(
    'PEM file with the certificate authorities of the brokers. Default: those of Node.js.',
  ),
  KAFKA_SASL_MECHANISM: choice(
    'none',
    ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    'How the server authenticates to Kafka. `PLAIN` sends the password unencrypted: use it with `KAFKA_SSL=on`.',
  ),
  KAFKA_SASL_USERNAME: optionalText('User name for `KAFKA_SASL_MECHANISM`.'),
  KAFKA_SASL_PASSWORD: { ...optionalText('Password for `KAFKA_SASL_MECHANISM`.'), secret: true },
  KAFKA_TOPIC_PARTITIONS: whole(12, 1, 10_000, 'Number of partitions of the topic, if the server creates it.'),
  KAFKA_TOPIC_REPLICATION: optionalWhole(
    1,
    32_767,
    'Replication factor of the topic, if the server creates it. Default: that of the brokers.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
