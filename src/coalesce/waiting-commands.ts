import type { BatchWriter, LockConflict, WriteCall, WriteResult } from '../orders/interfaces/batch-writer.js';
import { RequestError } from '../domain/errors.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { CreateOrder, WriteCommand, WriteOutcome } from '../orders/interfaces/order-writer.js';
import { split, type BatchBounds, type CommandSize } from './command-size.js';
import { createLockQueue, type LockQueue } from './lock-queue.js';

export interface SizedCall extends WriteCall {
  readonly size: CommandSize;
}

export interface WaitingCommands {
  /** The conflict that the command would meet: its order or key was locked a moment ago. */
  knownConflict(command: WriteCommand): LockConflict | null;
  /** Resolves when the command has been decided. */
  wait(call: SizedCall, conflict: LockConflict): Promise<WriteOutcome>;
  /** Whether the command is waiting and no transaction may have stored it. */
  isIdle(command: WriteCommand): boolean;
}

interface Waiting {
  readonly call: SizedCall;
  readonly size: CommandSize;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Commands that wait for locks of other transactions, outside the lanes of the batches. Locked orders are probed
 * together, and the commands on free ones share batches. Ids and references that are being stored cannot be probed: the
 * commands that need one are retried in a transaction of their own, where a lock stops no others.
 */
export function createWaitingCommands(
  { write, findFree }: BatchWriter,
  { maxWaiting, ...bounds }: BatchBounds & { readonly maxWaiting: number },
): WaitingCommands {
  const idle = new Set<WriteCommand>();
  let count = 0;
  const isGone = ({ call }: Waiting) => isOver(call.caller);
  const queues: Record<LockConflict['on'], LockQueue<Waiting>> = {
    order: createLockQueue<Waiting>({
      findFree,
      retry: (waiting) => retry([waiting.flat()], 'order'),
      maxPerTurn: Number.POSITIVE_INFINITY,
      isOver: isGone,
    }),
    key: createLockQueue<Waiting>({
      findFree: (names) => Promise.resolve(new Set(names)),
      retry: (waiting) => retry(waiting, 'key'),
      maxPerTurn: KEYS_PER_TURN,
      isOver: isGone,
    }),
  };

  /** @returns what met the same kind of lock again; what met the other kind joins the other queue */
  async function retry(
    batches: readonly (readonly Waiting[])[],
    on: LockConflict['on'],
  ): Promise<ReadonlySet<Waiting>> {
    const again = new Set<Waiting>();
    for (const part of batches.flatMap((batch) => split(batch, bounds))) {
      for (const { call } of part) idle.delete(call.command);
      const results = await write(
        part.map(({ call }) => call),
        { waited: on === 'key' },
      );
      for (const [index, waiting] of part.entries()) {
        const conflict = settle(waiting, results[index]);
        if (conflict !== null) markIdle(waiting.call);
        if (conflict?.on === on) again.add(waiting);
        else if (conflict !== null) queues[conflict.on].add(lockName(waiting.call.command, conflict), waiting);
      }
    }
    return again;
  }

  function markIdle({ command, outcomeUnknown }: SizedCall): void {
    if (!outcomeUnknown) idle.add(command);
  }

  return {
    isIdle: (command) => idle.has(command),
    knownConflict(command) {
      if (command.kind === 'change' && queues.order.has(command.orderId)) return ON_ORDER;
      return queues.key.isEmpty() || !queues.key.has(keyName(command)) ? null : ON_KEY;
    },
    async wait(call, conflict) {
      if (count >= maxWaiting && !call.outcomeUnknown) throw tooManyWaiting();
      count += 1;
      markIdle(call);
      try {
        return await new Promise<WriteOutcome>((resolve, reject) => {
          queues[conflict.on].add(lockName(call.command, conflict), { call, size: call.size, resolve, reject });
        });
      } finally {
        count -= 1;
        idle.delete(call.command);
      }
    },
  };
}

function tooManyWaiting(): RequestError {
  const message =
    'Another transaction has locked the order, and too many commands wait for locks. Nothing was stored. Retry later.';
  return new RequestError('OVERLOADED', message);
}

/** A locked key takes a turn 10 ms: fewer turns would let a free key wait, more would let a new one wait. */
const KEYS_PER_TURN = 8;
const ON_ORDER: LockConflict = { kind: 'lock-conflict', on: 'order' };
const ON_KEY: LockConflict = { kind: 'lock-conflict', on: 'key' };

function settle({ resolve, reject }: Waiting, result: WriteResult | undefined): LockConflict | null {
  if (result === undefined) reject(new Error('a command without a result'));
  else if (result instanceof Error) reject(result);
  else if (result.kind === 'lock-conflict') return result;
  else resolve(result);
  return null;
}

function lockName(command: WriteCommand, { on }: LockConflict): string {
  return on === 'order' && command.kind === 'change' ? command.orderId : keyName(command);
}

/** Names the reference that a command needs, or the id of what it stores. */
function keyName(command: WriteCommand): string {
  switch (command.kind) {
    case 'create':
      return creationKey(command);
    case 'group':
      return JSON.stringify(command.orders.map(creationKey));
    case 'change': {
      const { change, orderId } = command;
      return JSON.stringify([orderId, change.kind === 'update' ? change.details.externalReference : null]);
    }
  }
}

function creationKey({ orderId, draft }: CreateOrder): string {
  const reference = draft?.externalReference ?? null;
  return reference === null ? orderId : JSON.stringify([draft?.customerId ?? null, reference]);
}
