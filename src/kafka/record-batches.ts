import type { TopicRecord } from '../orders/interfaces/event-topic.js';

/** Below the 1 MiB that a topic accepts by default, also if all records go to one partition. */
const MAX_BATCH_BYTES = 800_000;
/** Besides key, value and headers: lengths, offset and time of a record. */
const RECORD_OVERHEAD = 40;

/** Splits records into batches of bounded size, in sequence. A batch has at least one record. */
export function batchesOf(records: readonly TopicRecord[], maxBytes = MAX_BATCH_BYTES): readonly TopicRecord[][] {
  const batches: TopicRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = sizeOf(record);
    if (bytes + size > maxBytes) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(record);
    bytes += size;
  }
  return batches;
}

export function halves(records: readonly TopicRecord[]): readonly (readonly TopicRecord[])[] {
  const middle = Math.ceil(records.length / 2);
  return [records.slice(0, middle), records.slice(middle)];
}

function sizeOf({ key, value, headers }: TopicRecord): number {
  const texts = [key, value, ...Object.entries(headers).flat()];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), RECORD_OVERHEAD);
}
