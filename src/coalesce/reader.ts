import DataLoader from 'dataloader';
import type { CoalescedReader, Lanes, OrderReader, Patience } from '../orders/ports.js';
import { createCoalescer, type Coalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface ReadBounds {
  readonly lanes: number;
  readonly maxKeys: number;
  readonly maxQueued: number;
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
  const counts = of(reader.counts);
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

/** One coalescer for a kind of read; equal keys of a batch are read once. */
function shared<K, V>(
  read: (keys: readonly K[]) => Promise<(V | Error)[]>,
  lanes: Lanes,
  { maxKeys, maxQueued }: ReadBounds,
): Coalescer<K, V> {
  return createCoalescer<K, V>({
    what: 'read',
    lanes,
    maxBatch: maxKeys,
    maxQueued,
    maxQueuedBytes: Number.POSITIVE_INFINITY, // keys are small; their number bounds them
    weigh: () => 0,
    lateMessage: 'The read took longer than its deadline.',
    run: async (calls) => {
      const keys = calls.map((call) => call.key);
      const names = keys.map((key) => (typeof key === 'string' ? key : JSON.stringify(key)));
      const distinct = new Map<string, K>();
      keys.forEach((key, index) => distinct.set(names[index] ?? '', key));
      const values = await read([...distinct.values()]);
      const byName = new Map([...distinct.keys()].map((name, index) => [name, values[index] as V | Error]));
      return names.map((name) => byName.get(name) as V | Error);
    },
  });
}

/** The field's convention: a DataLoader a request, whose batches end in the process-wide coalescer. */
function perRequest<V>(coalescer: Coalescer<string, V>, patience: Patience): DataLoader<string, V> {
  return new DataLoader<string, V>(async (keys) => {
    const answers = await Promise.allSettled(keys.map((key) => coalescer.load(key, patience)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : toError(answer.reason)));
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('A read failed.', { cause: reason });
}
