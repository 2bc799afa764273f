import { decideCreation, storedOrder, type CreationDecision, type ExistingOrder } from '../domain/decide-creation.js';
import type { Assigned, OrderDraft, OrderItem } from '../domain/order.js';
import type { LockConflict } from '../orders/interfaces/batch-writer.js';
import type { OrderOutcome, CreateOrder } from '../orders/interfaces/order-writer.js';
import type { Queryable } from '../database/database.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { claimForCommands, claimOf, type ReferenceClaims } from './reference-claims.js';
import type { Claim } from './statements/external-references.js';
import { insertOrders, readExisting, type Creation } from './statements/insert-orders.js';
import { readKnown } from './statements/read-orders.js';

export interface CreatedBatch {
  /** One for each command, in the commands' order. */
  readonly outcomes: readonly (OrderOutcome | LockConflict)[];
  /** Orders that this batch stored. */
  readonly newIds: ReadonlySet<string>;
}

type NewOrderCommand = CreateOrder & { readonly draft: OrderDraft };

/**
 * Creates orders inside the caller's transaction. Every id is assumed to be new, and the decided order is inserted. Orders
 * that exist already are read afterwards, and their commands are decided again.
 */
export async function createBatch(tx: Queryable, commands: readonly CreateOrder[]): Promise<CreatedBatch> {
  const firsts = firstOfEachOrder(commands);
  const unknown = await withoutKnown(tx, [...firsts.values()]);
  const references = await claimForCommands(tx, claimsOf(unknown));
  const created = await insertNew(tx, unknown, references);
  const others = [...new Set(commands.map(({ orderId }) => orderId))].filter((id) => !created.has(id));
  const found = others.length === 0 ? [] : await readExisting(tx, others);
  const existing = new Map([...created, ...found.map((each) => [each.order.id, each] as const)]);
  await references.releaseUnused(tx, (id) => existing.get(id)?.order);

  const outcomes = commands.map((command) => {
    const stored = existing.get(command.orderId);
    if (stored !== undefined && stored === created.get(command.orderId) && stored.commandId === command.commandId) {
      return { kind: 'created', order: stored.order, replayed: false, items: itemsOf(command) } as const;
    }
    if (stored !== undefined) return toOutcome(decideCreation(stored, command, { referenceTaken: false }));
    const first = firsts.get(command.orderId) ?? command;
    if (command !== first) return LOCK_CONFLICT; // it may need another reference than the first command of this id
    // The reference was claimed for an order of this batch that was not stored, so it is free again: retry.
    const reference = references.stateOf(first, (owner) => firsts.has(owner) && !existing.has(owner));
    if (reference === LOCK_CONFLICT) return LOCK_CONFLICT;
    return toOutcome(decideCreation(null, first, { referenceTaken: reference === 'taken' }));
  });
  return { outcomes, newIds: new Set(created.keys()) };
}

/** As they are stored: the statement numbers the lines in their sequence. */
function itemsOf({ orderId, draft }: CreateOrder): readonly OrderItem[] {
  return (draft?.lines ?? []).map((line, index) => ({ ...line, orderId, position: index + 1 }));
}

function firstOfEachOrder(commands: readonly CreateOrder[]): ReadonlyMap<string, NewOrderCommand> {
  const firsts = new Map<string, NewOrderCommand>();
  for (const command of commands) {
    if (isNew(command) && !firsts.has(command.orderId)) firsts.set(command.orderId, command);
  }
  return firsts;
}

function isNew(command: CreateOrder): command is NewOrderCommand {
  return command.draft !== null;
}

/** Leaves out orders with a reference that exist already: they claim nothing, so that they do not block other commands. */
async function withoutKnown(tx: Queryable, commands: readonly NewOrderCommand[]): Promise<readonly NewOrderCommand[]> {
  const ids = commands.filter(({ draft }) => draft.externalReference !== null).map(({ orderId }) => orderId);
  if (ids.length === 0) return commands;
  const isKnown = await readKnown(tx, ids);
  const known = new Set(ids.filter((_, index) => isKnown[index] === true));
  return commands.filter(({ orderId }) => !known.has(orderId));
}

function claimsOf(commands: readonly NewOrderCommand[]): ReadonlyMap<CreateOrder, Claim> {
  return new Map(
    commands.flatMap((command) => {
      const claim = claimOf(command.orderId, command.draft);
      return claim === null ? [] : [[command, claim] as const];
    }),
  );
}

/** Inserts the orders whose references are free. @returns those that did not exist yet, by id */
async function insertNew(
  tx: Queryable,
  commands: readonly NewOrderCommand[],
  references: ReferenceClaims<CreateOrder>,
): Promise<ReadonlyMap<string, ExistingOrder>> {
  const creations = commands.flatMap((command) => {
    if (references.stateOf(command, () => false) === 'taken') return [];
    const decision = decideCreation(null, command, { referenceTaken: false });
    return decision.kind === 'created' ? { ...decision, ...command } : [];
  });
  const inserted = creations.length === 0 ? [] : await insertOrders(tx, creations);
  const assigned = new Map(inserted.map((row) => [row.id, row]));
  return new Map(
    creations.flatMap((creation) => {
      const row = assigned.get(creation.orderId);
      return row === undefined ? [] : [[creation.orderId, existingOf(creation, row)] as const];
    }),
  );
}

function existingOf({ order, commandId, fingerprint }: Creation, assigned: Assigned): ExistingOrder {
  return { order: storedOrder(order, assigned), customerId: order.customerId, commandId, fingerprint };
}

function toOutcome(decision: CreationDecision): OrderOutcome {
  switch (decision.kind) {
    case 'rejected':
      return decision;
    case 'repeated':
      return { kind: 'created', order: decision.order, replayed: decision.replayed };
    case 'created':
      throw new Error(`order ${decision.order.id} was neither inserted nor found`);
  }
}
