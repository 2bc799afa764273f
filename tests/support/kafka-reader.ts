import { randomUUID } from 'node:crypto';
import { Admin, Consumer, type BaseOptions } from '@platformatic/kafka';
import type { OrderEventMessage } from '../../src/domain/order-event-message.js';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: OrderEventMessage;
}

const clientOf = (address: string): BaseOptions => ({
  clientId: 'test',
  bootstrapBrokers: [address],
  retries: 50,
  retryDelay: 200,
});

/** Reads the whole topic up to its current end, in the order of each partition. */
export async function readTopic(address: string, topic = 'order_events'): Promise<readonly ReadRecord[]> {
  const missing = await withAdmin(address, (admin) => endsOf(admin, topic));
  const consumer = new Consumer({ ...clientOf(address), groupId: randomUUID() });
  const records: ReadRecord[] = [];
  try {
    if (missing.size === 0) return records;
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
    for await (const { partition, offset, key, value, headers } of stream) {
      const pairs = [...headers].map(([name, text]) => [String(name), String(text)] as const);
      const message = JSON.parse(String(value)) as OrderEventMessage;
      records.push({ partition, offset, key: String(key), headers: Object.fromEntries(pairs), message });
      if (offset + 1n >= (missing.get(partition) ?? 0n)) missing.delete(partition);
      if (missing.size === 0) break;
    }
    return records;
  } finally {
    await consumer.close(true);
  }
}

/** The offsets after the last record of each partition that has one. */
async function endsOf(admin: Admin, name: string): Promise<Map<number, bigint>> {
  const { topics } = await admin.metadata({ topics: [name] });
  const partitions = (topics.get(name)?.partitions ?? []).map((_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1n,
  }));
  const [listed] = await admin.listOffsets({ topics: [{ name, partitions }] });
  const ends = listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset] as const) ?? [];
  return new Map(ends.filter(([, offset]) => offset > 0n));
}

export async function withAdmin<T>(address: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin(clientOf(address));
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/**
 * What a reader sees that skips the versions it has seen, by the documented rule.
 *
 * @returns the versions of each order, in the order in which they are seen
 */
export function versionsSeen(records: readonly ReadRecord[]): ReadonlyMap<string, readonly number[]> {
  const seen = new Map<string, number[]>();
  for (const { key, message } of records) {
    const versions = seen.get(key) ?? [];
    if (message.version > (versions.at(-1) ?? 0)) versions.push(message.version);
    seen.set(key, versions);
  }
  return seen;
}
