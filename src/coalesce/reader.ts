import DataLoader from 'dataloader';
import type { CoalescedReader, Lanes, OrderReader, Patience } from '../orders/ports.js';
import { createCoalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface ReadBounds {
  readonly lanes: number;
  readonly maxKeys: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

/** Gives each request its own view; underneath, all requests' look-ups share the same batches. */
export type ReaderFor = (patience: Patience) => CoalescedReader;

/** Coalesces the reads of the whole process, and within a request asks for nothing twice. */
export function coalesceReads(reader: OrderReader, bounds: ReadBounds): ReaderFor {
  const lanes = createLanes(bounds.lanes);
  const of = <K, V>(read: (keys: readonly K[]) => Promise<(V | Error)[]>) => shared(read, lanes, bounds);
  const orders = of(reader.orders);
  const known = of(reader.known);
  const commands = of(reader.commands);
  const items = of(reader.items);
  const ranges = of(reader.ranges);
  const counts = shared(reader.counts, lanes, bounds, COUNT_TOO_LATE);
  const customers = of(reader.customers);
  const numbers = of(reader.numbers);
  const references = of(reader.references);
  const events = of(reader.events);
  const stats = of(reader.stats);
  const statsSpans = of(reader.statsSpans);
  const statsSeries = of(reader.statsSeries);

  return (patience) => {
    const order = perRequest(orders, patience);
    const itemsOf = perRequest(items, patience);
    const customer = perRequest(customers, patience);
    return {
      order: (id) => order.load(id),
      isKnown: (id) => known.load(id, patience),
      isCommandKnown: (key) => commands.load(key, patience),
      items: (orderId) => itemsOf.load(orderId),
      customer: (customerId) => customer.load(customerId),
      range: (range) => ranges.load(range, patience),
      count: (request) => counts.load(request, patience),
      idOfNumber: (number) => numbers.load(number, patience),
      idOfReference: (key) => references.load(key, patience),
      events: (range) => events.load(range, patience),
      stats: (key) => stats.load(key, patience),
      statsSpan: (key) => statsSpans.load(key, patience),
      statsSeries: (key) => statsSeries.load(key, patience),
    };
  };
}

const READ_TOO_LATE = 'The read took longer than the deadline of the request.';
const COUNT_TOO_LATE =
  'The count took longer than the deadline of the request. Narrow `where`, or use `count` with a smaller limit.';

/** A key and its text, by which equal keys are told and weighed. */
interface NamedKey<K> {
  readonly key: K;
  readonly name: string;
}

/** About what a waiting call holds besides the text of its key. */
const CALL_BYTES = 200;

interface SharedReads<K, V> {
  load(key: K, patience: Patience): Promise<V>;
}

/** One coalescer for a kind of read; equal keys of a batch are read once. */
function shared<K, V>(
  read: (keys: readonly K[]) => Promise<(V | Error)[]>,
  lanes: Lanes,
  { maxKeys, maxQueued, maxQueuedBytes }: ReadBounds,
  lateMessage = READ_TOO_LATE,
): SharedReads<K, V> {
  const coalescer = createCoalescer<NamedKey<K>, V>({
    what: 'read',
    lanes,
    maxBatch: maxKeys,
    maxQueued,
    maxQueuedBytes,
    weigh: ({ name }) => CALL_BYTES + name.length,
    unstartedMessage: 'The deadline of the request passed before the read began.',
    lateMessage,
    run: async (calls) => {
      const distinct = new Map(calls.map(({ key: { name, key } }) => [name, key]));
      const values = await read([...distinct.values()]);
      const byName = new Map([...distinct.keys()].map((name, index) => [name, values[index] as V | Error]));
      return calls.map(({ key: { name } }) => byName.get(name) as V | Error);
    },
  });
  return {
    load: (key, patience) =>
      coalescer.load({ key, name: typeof key === 'string' ? key : JSON.stringify(key) }, patience),
  };
}

/** The field's convention: a DataLoader a request, whose batches end in the process-wide coalescer. */
function perRequest<V>(reads: SharedReads<string, V>, patience: Patience): DataLoader<string, V> {
  return new DataLoader<string, V>(async (keys) => {
    const answers = await Promise.allSettled(keys.map((key) => reads.load(key, patience)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : toError(answer.reason)));
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('A read failed.', { cause: reason });
}
