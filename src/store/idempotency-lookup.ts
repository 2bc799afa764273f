import type { Known } from '../domain/decide-change.js';
import type { CommandKey } from '../orders/interfaces/order-reader.js';
import type { ChangeOrder } from '../orders/interfaces/order-writer.js';
import type { Queryable, ReadQueryable } from '../database/database.js';
import { readKeyedCommands, readRetriedCommands, type CommandRow } from './statements/read-commands.js';

/** Finds events of earlier commands with the same idempotency key, or of earlier attempts of the same command. */
export interface IdempotencyLookup {
  find(command: ChangeOrder): Known['earlier'];
  /** Records a command of this batch for the commands after it. */
  remember(command: ChangeOrder): void;
}

/** @param retried whether an earlier attempt of these very commands may have been committed */
export async function lookUpIdempotencyKeys(
  tx: Queryable,
  commands: readonly ChangeOrder[],
  retried: boolean,
): Promise<IdempotencyLookup> {
  const keys = commands.flatMap(({ orderId, key }) => (key === null ? [] : [{ orderId, key: key.hash }]));
  const orderIds = [...new Set(commands.map((command) => command.orderId))];
  const commandIds = commands.map((command) => command.commandId);
  const rows = keys.length === 0 ? [] : await readKeyedCommands(tx, keys);
  if (retried) rows.push(...(await readRetriedCommands(tx, orderIds, commandIds)));
  const byCommand = new Set(rows.map((row) => row.commandId));
  const byKey = new Map(rows.flatMap((row) => keyEntry(row)));

  return {
    find(command) {
      if (byCommand.has(command.commandId)) return 'own-attempt';
      if (command.key === null) return 'none';
      const stored = byKey.get(nameOf(command.orderId, command.key.hash));
      if (stored === undefined) return 'none';
      return Buffer.from(stored).equals(command.key.fingerprint) ? 'same-request' : 'other-request';
    },
    remember(command) {
      if (command.key !== null) byKey.set(nameOf(command.orderId, command.key.hash), command.key.fingerprint);
    },
  };
}

/** Whether each order was changed under each key. */
export async function readKnownCommands(db: ReadQueryable, keys: readonly CommandKey[]): Promise<boolean[]> {
  const hashes = keys.map(({ key }) => Buffer.from(key, 'hex'));
  const rows = await readKeyedCommands(
    db,
    keys.map(({ orderId }, index) => ({ orderId, key: hashes[index] ?? Buffer.alloc(0) })),
  );
  const known = new Set(rows.flatMap((row) => keyEntry(row).map(([name]) => name)));
  return keys.map(({ orderId }, index) => known.has(nameOf(orderId, hashes[index] ?? Buffer.alloc(0))));
}

function keyEntry({ orderId, commandKey, commandFingerprint }: CommandRow): [string, Uint8Array][] {
  return commandKey === null || commandFingerprint === null ? [] : [[nameOf(orderId, commandKey), commandFingerprint]];
}

function nameOf(orderId: string, key: Uint8Array): string {
  return `${orderId} ${Buffer.from(key).toString('hex')}`;
}
