import type { OrderLine } from '../domain/order.js';
import type { ChangeOrder, CreateOrder, WriteCommand } from '../orders/interfaces/order-writer.js';

/** What a command adds to a batch. */
export interface CommandSize {
  readonly commands: number;
  readonly items: number;
  /** About what it holds in memory and sends to the database. */
  readonly bytes: number;
}

/** What one transaction carries at most. */
export interface BatchBounds {
  readonly maxCommands: number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Cuts a batch where it exceeds what one transaction carries. Order is kept. A command that exceeds it goes alone. */
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
const LINE_BYTES = 100;

function add(left: CommandSize, right: CommandSize): CommandSize {
  return {
    commands: left.commands + right.commands,
    items: left.items + right.items,
    bytes: left.bytes + right.bytes,
  };
}

/** Walks the whole command: computed once, when the command arrives. */
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
  if (draft === null) return { commands: 1, items: 0, bytes: COMMAND_BYTES };
  const { lines, ...rest } = draft;
  return { commands: 1, items: lines.length, bytes: COMMAND_BYTES + lengthOf(rest) + bytesOfLines(lines) };
}

function changeSize({ change, reason }: ChangeOrder): CommandSize {
  const bytes = COMMAND_BYTES + (reason?.length ?? 0);
  if (change.kind !== 'update') return { commands: 1, items: 0, bytes };
  const lines = change.lines !== null && !('problems' in change.lines) ? change.lines : [];
  return { commands: 1, items: lines.length, bytes: bytes + lengthOf(change.details) + bytesOfLines(lines) };
}

function bytesOfLines(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + LINE_BYTES + lengthOf(line), 0);
}

/** The characters of all texts and objects among the values. Empty objects are common and add nothing. */
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
