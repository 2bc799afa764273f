import { UNKNOWN_OUTCOME } from '../domain/errors.js';
import { toError } from '../domain/to-error.js';
import type { BatchWriter, LockConflict } from '../orders/interfaces/batch-writer.js';
import type { OrderWriter, WriteCommand, WriteOutcome } from '../orders/interfaces/order-writer.js';
import type { BatchObserver } from './batch-observer.js';
import { createCoalescer, type CallResult } from './coalescer.js';
import { sizeOf, split, type BatchBounds, type CommandSize } from './command-size.js';
import { createLanes } from './lanes.js';
import type { Call } from './queued-call.js';
import { createWaitingCommands, type SizedCall, type WaitingCommands } from './waiting-commands.js';

export interface WriteBounds extends BatchBounds {
  readonly lanes: number;
  /** Time without an ended batch after which queued writes are rejected. */
  readonly stallMs: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

export type CoalescedWriter = OrderWriter & { idle(): Promise<void> };

interface SizedCommand {
  readonly command: WriteCommand;
  readonly size: CommandSize;
}

/**
 * Group commit: writes that arrive while a batch is in flight share the next transaction. A command with a lock conflict
 * waits outside the lanes.
 */
export function coalesceWrites(store: BatchWriter, bounds: WriteBounds, observer?: BatchObserver): CoalescedWriter {
  const batchWriter = { ...store, write: observed(neverRejecting(store.write), observer) };
  const waiting = createWaitingCommands(batchWriter, { ...bounds, maxWaiting: Math.ceil(bounds.maxQueued / 2) });
  const coalescer = createCoalescer<SizedCommand, WriteOutcome>({
    what: 'write',
    lanes: createLanes(bounds.lanes, bounds.stallMs),
    maxBatch: bounds.maxCommands,
    maxQueued: bounds.maxQueued,
    maxQueuedBytes: bounds.maxQueuedBytes,
    weigh: ({ size }) => size.bytes,
    unstartedMessage: 'The write was not started: the deadline of the request has passed. Nothing was stored.',
    lateMessage:
      'The write did not finish before the deadline of the request; whether it was stored is unknown. Retry with the same id or idempotencyKey to find out.',
    lateDetails: UNKNOWN_OUTCOME,
    idleMessage:
      'Another transaction kept the order, its id or its external reference locked until the deadline of the request. Nothing was stored. Retry later.',
    isIdle: ({ command }) => waiting.isIdle(command),
    run: (calls) => writeCalls(calls, batchWriter.write, waiting, bounds),
  });
  observer?.queue('write', () => coalescer.depth());
  return {
    write: (command, caller) => coalescer.load({ command, size: sizeOf(command) }, caller),
    idle: () => coalescer.idle(),
  };
}

async function writeCalls(
  calls: readonly Call<SizedCommand>[],
  write: BatchWriter['write'],
  waiting: WaitingCommands,
  bounds: BatchBounds,
): Promise<readonly CallResult<WriteOutcome>[]> {
  const callResults = Array.from<CallResult<WriteOutcome>>({ length: calls.length });
  const unlocked: PlacedCall[] = [];
  for (const [index, { key, caller }] of calls.entries()) {
    const call = { command: key.command, size: key.size, caller, outcomeUnknown: false, index };
    const conflict = waiting.knownConflict(call.command);
    if (conflict === null) unlocked.push(call);
    else callResults[index] = wait(call, conflict);
  }
  for (const part of split(unlocked, bounds)) {
    const results = await write(part, { waited: false });
    for (const [at, call] of part.entries()) {
      const result = results[at] ?? new Error('the batch writer returned no result for a command');
      callResults[call.index] = 'kind' in result && result.kind === 'lock-conflict' ? wait(call, result) : result;
    }
  }
  return callResults;

  async function wait(call: SizedCall, conflict: LockConflict): Promise<WriteOutcome> {
    const outcome = waiting.wait(call, conflict);
    outcome.catch(() => undefined); // handled by its caller once the whole batch has its results
    return outcome;
  }
}

interface PlacedCall extends SizedCall {
  /** Index among the results. */
  readonly index: number;
}

/** A defect in one part of a batch must not discard the results of the other parts. */
function neverRejecting(write: BatchWriter['write']): BatchWriter['write'] {
  return async (calls, options) => {
    try {
      return await write(calls, options);
    } catch (cause) {
      const error = toError(cause);
      return calls.map(() => error);
    }
  };
}

/** Each observed batch is one call of the store: commands that waited for a lock are observed again. */
function observed(write: BatchWriter['write'], observer: BatchObserver | undefined): BatchWriter['write'] {
  if (observer === undefined) return write;
  return (calls, options) => {
    const batch = { kind: 'write', size: calls.length, callers: calls.map(({ caller }) => caller) };
    return observer.run(batch, () => write(calls, options));
  };
}
