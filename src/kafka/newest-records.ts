import { Admin, Consumer, type KafkaRecord } from '@platformatic/kafka';
import type { TopicRecord } from '../orders/interfaces/event-topic.js';
import { connectionOptions, guarded, withClient, type KafkaCluster } from './connection.js';

export interface TopicAddress extends KafkaCluster {
  readonly name: string;
}

/** In the protocol, these timestamps stand for the ends of a partition. */
const LATEST = -1n;
const EARLIEST = -2n;

/** Reads the newest record of each partition that has one. */
export async function readNewestRecords(topic: TopicAddress, signal: AbortSignal): Promise<readonly TopicRecord[]> {
  const options = connectionOptions(topic);
  const ends = await withClient(guarded(new Admin(options)), signal, (admin) => readEnds(admin, topic));
  // No group is joined: the offsets are given.
  return withClient(guarded(new Consumer({ ...options, groupId: 'ordergraph' })), signal, async (consumer) => {
    const records: TopicRecord[] = [];
    for (const end of ends) records.push(...(await fetchRecord(consumer, end)));
    return records;
  });
}

/** Where the newest record of a partition is. */
interface PartitionEnd {
  readonly topicId: string;
  readonly partition: number;
  readonly leader: number;
  readonly offset: bigint;
}

async function readEnds(admin: Admin, { name }: TopicAddress): Promise<readonly PartitionEnd[]> {
  const metadata = await admin.metadata({ topics: [name] });
  const { id: topicId, partitions } = metadata.topics.get(name) ?? { id: '', partitions: [] };
  const offsetsAt = async (timestamp: bigint) => {
    const requested = partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp }));
    const [listed] = await admin.listOffsets({ topics: [{ name, partitions: requested }] });
    return new Map(listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
  };
  const [earliest, latest] = [await offsetsAt(EARLIEST), await offsetsAt(LATEST)];
  return partitions.flatMap(({ leader }, partition) => {
    const [first = 0n, next = 0n] = [earliest.get(partition), latest.get(partition)];
    return first < next ? [{ topicId, partition, leader, offset: next - 1n }] : [];
  });
}

async function fetchRecord(
  consumer: Consumer,
  { topicId, partition, leader, offset }: PartitionEnd,
): Promise<readonly TopicRecord[]> {
  const from = { partition, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1, partitionMaxBytes: 1 };
  const { responses } = await consumer.fetch({
    node: leader,
    minBytes: 1,
    maxWaitTime: 500,
    topics: [{ topicId, partitions: [from] }],
  });
  // A broker sends whole batches.
  const newest = responses[0]?.partitions[0]?.records?.at(-1)?.records.at(-1);
  return newest === undefined ? [] : [toTopicRecord(newest)];
}

function toTopicRecord({ key, value, headers }: KafkaRecord): TopicRecord {
  const pairs = headers.map(([name, text]) => [String(name), String(text)] as const);
  return { key: String(key), value: String(value), headers: Object.fromEntries(pairs) };
}
