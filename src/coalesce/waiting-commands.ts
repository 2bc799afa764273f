import type { BatchWriter, LockConflict, WriteCall, WriteResult } from '../orders/interfaces/batch-writer.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { CreateOrder, WriteCommand, WriteOutcome } from '../orders/interfaces/order-writer.js';
import { split, type BatchBounds, type CommandSize } from './command-size.js';
import { createLockQueue } from './lock-queue.js';

export interface SizedCall extends WriteCall {
  readonly size: CommandSize;
}

export interface WaitingCommands {
  /** The conflict that the command would meet: its order or key was locked a moment ago. */
  knownConflict(command: WriteCommand): LockConflict | null;
  /** Resolves when the command has been decided. */
  wait(call: SizedCall, conflict: LockConflict): Promise<WriteOutcome>;
}

interface Waiting {
  readonly call: SizedCall;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Commands that wait for locks of other transactions, outside the lanes of the batches. Locked orders are probed
 * together. Ids and references that are being stored cannot be probed, so their commands have a queue of their own.
 */
export function createWaitingCommands({ write, findLocked }: BatchWriter, bounds: BatchBounds): WaitingCommands {
  const isGone = ({ call }: Waiting) => isOver(call.caller);
  const queues = {
    order: createLockQueue<Waiting>({ findLocked, retry: (waiting) => retry(waiting, 'order'), isOver: isGone }),
    key: createLockQueue<Waiting>({
      findLocked: () => Promise.resolve(new Set()),
      retry: (waiting) => retry(waiting, 'key'),
      isOver: isGone,
    }),
  };

  /** @returns what met the same kind of lock again; what met the other kind joins the other queue */
  async function retry(waiting: readonly Waiting[], on: LockConflict['on']): Promise<ReadonlySet<Waiting>> {
    const again = new Set<Waiting>();
    for (const part of split(
      waiting.map((entry) => ({ entry, size: entry.call.size })),
      bounds,
    )) {
      const results = await write(part.map(({ entry }) => entry.call));
      for (const [index, { entry }] of part.entries()) {
        const conflict = settle(entry, results[index]);
        if (conflict?.on === on) again.add(entry);
        else if (conflict !== null) queues[conflict.on].add(lockName(entry.call.command, conflict), entry);
      }
    }
    return again;
  }

  return {
    knownConflict(command) {
      if (command.kind === 'change' && queues.order.has(command.orderId)) return ON_ORDER;
      return queues.key.has(keyName(command)) ? ON_KEY : null;
    },
    wait: (call, conflict) =>
      new Promise((resolve, reject) => {
        queues[conflict.on].add(lockName(call.command, conflict), { call, resolve, reject });
      }),
  };
}

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

/**
 * The reference that a command needs, without its customer, whom a change does not name; or the id. Two commands of the
 * same name wait together although they may need different keys, which costs the second at most one retry.
 */
function keyName(command: WriteCommand): string {
  switch (command.kind) {
    case 'create':
      return creationKey(command);
    case 'group':
      return command.orders.map(creationKey).join(' ');
    case 'change': {
      const { change, orderId } = command;
      const reference = change.kind === 'update' ? change.details.externalReference : null;
      return typeof reference === 'string' ? reference : orderId;
    }
  }
}

function creationKey({ orderId, draft }: CreateOrder): string {
  return draft?.externalReference ?? orderId;
}
