import type { ChangeOrder, CreateOrder, WriteCommand } from '../orders/interfaces/order-writer.js';

/** The share of a command in the limits of a batch. */
export interface CommandSize {
  readonly commands: number;
  readonly items: number;
  /** Approximate size in memory and in the statements. */
  readonly bytes: number;
}

/** The limits of one transaction. */
export interface BatchBounds {
  readonly maxCommands: number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Splits a batch into parts within the limits of one transaction, in sequence. A command that exceeds a limit is a part of its own. */
export function split<S extends { readonly size: CommandSize }>(
  sized: readonly S[],
  { maxCommands, maxItems, maxBytes }: BatchBounds,
): S[][] {
  const parts: S[][] = [];
  let sum = NOTHING;
  for (const each of sized) {
    const current = parts.at(-1);
    const next = add(sum, each.size);
    if (current !== undefined && next.commands <= maxCommands && next.items <= maxItems && next.bytes <= maxBytes) {
      current.push(each);
      sum = next;
    } else {
      parts.push([each]);
      sum = each.size;
    }
  }
  return parts;
}

const NOTHING: CommandSize = { commands: 0, items: 0, bytes: 0 };
const COMMAND_BYTES = 400;
const OBJECT_BYTES = 40;

function add(left: CommandSize, right: CommandSize): CommandSize {
  return {
    commands: left.commands + right.commands,
    items: left.items + right.items,
    bytes: left.bytes + right.bytes,
  };
}

/** Traverses the whole command, so it is computed only once, when the command arrives. */
export function sizeOf(command: WriteCommand): CommandSize {
  switch (command.kind) {
    case 'group':
      return command.orders.map(sizeOf).reduce(add, NOTHING);
    case 'create':
      return creationSize(command);
    case 'change':
      return changeSize(command);
  }
}

function creationSize({ draft }: CreateOrder): CommandSize {
  return { commands: 1, items: draft?.lines.length ?? 0, bytes: COMMAND_BYTES + bytesOf(draft) };
}

function changeSize({ change, reason }: ChangeOrder): CommandSize {
  const lines = change.kind === 'update' && change.lines !== null && !('problems' in change.lines) ? change.lines : [];
  return { commands: 1, items: lines.length, bytes: COMMAND_BYTES + bytesOf(change) + bytesOf(reason) };
}

/** The total length of all texts and names, and a fixed size for every object around them. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = OBJECT_BYTES;
  for (const name of Object.keys(value))
    bytes += name.length + bytesOf((value as Readonly<Record<string, unknown>>)[name]);
  return bytes;
}
