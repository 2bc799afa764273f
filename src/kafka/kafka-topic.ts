import { compatibilityPartitioner, Producer, type MessageToProduce } from '@platformatic/kafka';
import { type EventTopic, type TopicRecord, TopicUnavailable } from '../orders/interfaces/event-topic.js';
import { createPartMonitor, type PartState } from '../observability/part-monitor.js';
import { connectionOptions, discard, guarded, untilAborted } from './connection.js';
import { ensureTopic, type NewTopic } from './ensure-topic.js';
import { failureOf, isTooLarge } from './kafka-errors.js';
import { readNewestRecords } from './newest-records.js';
import { batchesOf, halves } from './record-batches.js';

/** Longest time of one call. It is below half a lease, in which a consumer must handle a batch. */
const CALL_TIMEOUT_MS = 4_500;

/**
 * A topic in Kafka, created if it does not exist. Every record is acknowledged by all in-sync replicas, and the retries of
 * a request are stored once. It connects at the first call, and again after each failure.
 */
export function createKafkaTopic(options: NewTopic): EventTopic & { readonly state: () => PartState } {
  const { name } = options;
  let producer: Producer | null = null;
  const monitor = createPartMonitor();

  async function open(signal: AbortSignal): Promise<Producer> {
    await ensureTopic(options, signal);
    const partitioner = compatibilityPartitioner; // the partition of a key that the clients in other languages compute
    return guarded(new Producer({ ...connectionOptions(options), idempotent: true, partitioner }));
  }

  async function send(to: Producer, records: readonly TopicRecord[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const messages = records.map((record) => toMessage(name, record));
    try {
      await to.send({ messages });
    } catch (cause) {
      if (!isTooLarge(cause)) throw cause;
      if (records.length === 1) {
        throw new Error(`a record of ${messages[0]?.value?.length} bytes is larger than the topic accepts`, { cause });
      }
      for (const half of halves(records)) await send(to, half, signal);
    }
  }

  async function attempt<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
    try {
      const result = await untilAborted(work(limited), limited);
      monitor.worked();
      return result;
    } catch (cause) {
      monitor.failed();
      if (producer !== null) discard(producer);
      producer = null;
      throw new TopicUnavailable(failureOf(cause), { cause });
    }
  }

  return {
    state: monitor.state,
    newestRecords: (signal) =>
      attempt(signal, async (limited) => {
        await ensureTopic(options, limited);
        return readNewestRecords(options, limited);
      }),
    publish: (records, signal) =>
      attempt(signal, async (limited) => {
        producer ??= await open(limited);
        for (const batch of batchesOf(records)) await send(producer, batch, limited);
      }),
    async close() {
      if (producer !== null) discard(producer);
      producer = null;
      await Promise.resolve();
    },
  };
}

function toMessage(topic: string, { key, value, headers }: TopicRecord): MessageToProduce {
  const pairs = Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const);
  return { topic, key: Buffer.from(key), value: Buffer.from(value), headers: new Map(pairs) };
}
