import { UNKNOWN_OUTCOME } from '../domain/errors.js';
import type { OrderLine } from '../domain/order.js';
import type {
  ChangeOrder,
  OrderWriter,
  CreateOrder,
  WriteCommand,
  WriteOutcome,
} from '../orders/interfaces/order-writer.js';
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
      weigh: (command) => sizeOf(command).bytes,
      unstartedMessage: 'The write was not started: the deadline of the request has passed. Nothing was stored.',
      lateMessage:
        'The write did not finish before the deadline of the request; whether it was stored is unknown. Retry with the same id or idempotencyKey to find out.',
      lateDetails: UNKNOWN_OUTCOME,
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
    write: (command, caller) => coalescerOf(orderIdOf(command)).load(command, caller),
    idle: async () => {
      await Promise.all([...coalescers.values()].map((coalescer) => coalescer.idle()));
    },
  };
}

/** What a command's lane is chosen by. */
function orderIdOf(command: WriteCommand): string {
  return command.kind === 'group' ? (command.orders[0]?.orderId ?? '') : command.orderId;
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

/** Cuts a batch where its commands, lines or bytes exceed what one transaction should carry. Order is kept. */
export function split<C extends { readonly key: WriteCommand }>(
  calls: readonly C[],
  { maxCommands, maxItems, maxBytes }: Pick<WriteBounds, 'maxCommands' | 'maxItems' | 'maxBytes'>,
): C[][] {
  const parts: C[][] = [];
  let sum: Size = NOTHING;
  for (const call of calls) {
    const own = sizeOf(call.key);
    const current = parts.at(-1);
    const next = add(sum, own);
    if (current !== undefined && next.commands <= maxCommands && next.items <= maxItems && next.bytes <= maxBytes) {
      current.push(call);
      sum = next;
    } else {
      parts.push([call]);
      sum = own;
    }
  }
  return parts;
}

interface Size {
  readonly commands: number;
  readonly items: number;
  /** About what it holds in memory and sends to the database. */
  readonly bytes: number;
}

const NOTHING: Size = { commands: 0, items: 0, bytes: 0 };
const COMMAND_BYTES = 400;
const LINE_BYTES = 100;

function add(left: Size, right: Size): Size {
  return {
    commands: left.commands + right.commands,
    items: left.items + right.items,
    bytes: left.bytes + right.bytes,
  };
}

function sizeOf(command: WriteCommand): Size {
  switch (command.kind) {
    case 'group':
      return command.orders.map(sizeOf).reduce(add, NOTHING);
    case 'create':
      return creationSize(command);
    case 'change':
      return changeSize(command);
  }
}

function creationSize({ draft }: CreateOrder): Size {
  if (draft === null) return { commands: 1, items: 0, bytes: COMMAND_BYTES };
  const { lines, ...rest } = draft;
  return { commands: 1, items: lines.length, bytes: COMMAND_BYTES + lengthOf(rest) + bytesOfLines(lines) };
}

function changeSize({ change, reason }: ChangeOrder): Size {
  const bytes = COMMAND_BYTES + (reason?.length ?? 0);
  if (change.kind !== 'update') return { commands: 1, items: 0, bytes };
  const lines = change.lines !== null && !('problems' in change.lines) ? change.lines : [];
  return { commands: 1, items: lines.length, bytes: bytes + lengthOf(change.details) + bytesOfLines(lines) };
}

function bytesOfLines(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + LINE_BYTES + lengthOf(line), 0);
}

/** Of all texts and objects among the values. Empty objects are the rule, and cost nothing to weigh. */
function lengthOf(values: object): number {
  let length = 0;
  for (const value of Object.values(values)) {
    if (typeof value === 'string') length += value.length;
    else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
      length += JSON.stringify(value).length;
    }
  }
  return length;
}
