import type { OrderWriter, WriteCommand, WriteOutcome } from '../orders/ports.js';
import { createCoalescer, type Answer, type Call, type Coalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface WriteBounds {
  readonly lanes: number;
  readonly maxCommands: number;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

/**
 * Stores one batch: an outcome or an Error for each call, or a promise where a command waits for an order that somebody
 * else holds.
 */
export type WriteBatch = (calls: readonly Call<WriteCommand>[]) => Promise<readonly Answer<WriteOutcome>[]>;

export type CoalescedWriter = OrderWriter & { idle(): Promise<void> };

/**
 * Group commit: writes that arrive while a batch is in flight share the next transaction.
 *
 * @param laneOf which batches an order's commands may share; one number for all on one machine, a shard's number where
 *   the tables are distributed, so that a batch touches one worker
 */
export function coalesceWrites(
  writeBatch: WriteBatch,
  bounds: WriteBounds,
  laneOf: (orderId: string) => number = () => 0,
): CoalescedWriter {
  const lanes = createLanes(bounds.lanes);
  const coalescers = new Map<number, Coalescer<WriteCommand, WriteOutcome>>();

  function coalescerOf(orderId: string): Coalescer<WriteCommand, WriteOutcome> {
    const lane = laneOf(orderId);
    const existing = coalescers.get(lane);
    if (existing !== undefined) return existing;
    const created = createCoalescer<WriteCommand, WriteOutcome>({
      what: 'write',
      lanes,
      maxBatch: bounds.maxCommands,
      maxQueued: bounds.maxQueued,
      maxQueuedBytes: bounds.maxQueuedBytes,
      weigh: bytesOf,
      lateMessage:
        'The write took longer than its deadline; whether it was stored is unknown. Retry under the same id or idempotencyKey to learn it.',
      run: async (calls) => {
        const answers: Answer<WriteOutcome>[] = [];
        for (const part of split(calls, bounds)) answers.push(...(await settle(writeBatch, part)));
        return answers;
      },
    });
    coalescers.set(lane, created);
    return created;
  }

  return {
    write: (command, patience) => coalescerOf(command.orderId).load(command, patience),
    idle: async () => {
      await Promise.all([...coalescers.values()].map((coalescer) => coalescer.idle()));
    },
  };
}

/** A failed part must not take the answers of the parts before it along. */
async function settle(
  writeBatch: WriteBatch,
  part: readonly Call<WriteCommand>[],
): Promise<readonly Answer<WriteOutcome>[]> {
  try {
    return await writeBatch(part);
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error('A batch failed.', { cause });
    return part.map(() => error);
  }
}

/** Cuts a batch where its lines or bytes exceed what one transaction should carry. Order is kept. */
export function split<C extends { readonly key: WriteCommand }>(
  calls: readonly C[],
  { maxItems, maxBytes }: Pick<WriteBounds, 'maxItems' | 'maxBytes'>,
): C[][] {
  const parts: C[][] = [];
  let items = 0;
  let bytes = 0;
  for (const call of calls) {
    const own = { items: itemsOf(call.key), bytes: bytesOf(call.key) };
    const current = parts.at(-1);
    if (current !== undefined && items + own.items <= maxItems && bytes + own.bytes <= maxBytes) {
      current.push(call);
      items += own.items;
      bytes += own.bytes;
    } else {
      parts.push([call]);
      ({ items, bytes } = own);
    }
  }
  return parts;
}

function itemsOf(command: WriteCommand): number {
  return command.kind === 'place' ? command.draft.lines.length : 0;
}

const COMMAND_BYTES = 400;
const LINE_BYTES = 100;

/** About what a command holds in memory and sends to the database. */
function bytesOf(command: WriteCommand): number {
  if (command.kind === 'transition') return COMMAND_BYTES + (command.reason?.length ?? 0);
  const { draft } = command;
  const texts = [draft.customerId, draft.customerName, draft.customerEmail, draft.notes];
  const lines = draft.lines.flatMap((line) => [line.productId, line.sku, line.name]);
  const length = [...texts, ...lines].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return COMMAND_BYTES + draft.lines.length * LINE_BYTES + length;
}
