import { duplicateReference } from '../domain/decide-update.js';
import { invalid, type FieldPath } from '../domain/errors.js';
import { INITIAL_STATUS } from '../domain/lifecycle.js';
import type { Order, OrderDraft } from '../domain/order.js';
import { maySee } from '../domain/viewer.js';
import type { LockConflict } from '../orders/interfaces/batch-writer.js';
import type { OrderOutcome, CreateOrder } from '../orders/interfaces/order-writer.js';
import type { Queryable } from '../database/database.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { toOrder } from './order-rows.js';
import { readKnown } from './statements/read-orders.js';
import { insertOrders, readExisting, type ExistingRow, type InsertedRow } from './statements/insert-orders.js';
import { claimReferences, nameOfReference, releaseReferences, type Claim } from './statements/external-references.js';

export interface CreatedBatch {
  /** One for each command, in the commands' order. */
  readonly outcomes: readonly (OrderOutcome | LockConflict)[];
  /** Orders that were not there before. */
  readonly newIds: ReadonlySet<string>;
}

/**
 * Stores new orders inside the caller's transaction, each with its items and first event, and answers what was there
 * already under the same id.
 */
export async function createBatch(tx: Queryable, commands: readonly CreateOrder[]): Promise<CreatedBatch> {
  const firsts = new Map<string, Creation>();
  for (const command of commands) {
    if (isNew(command) && !firsts.has(command.orderId)) firsts.set(command.orderId, command);
  }
  const references = await claim(tx, [...firsts.values()]);
  const free = [...firsts.values()].filter((command) => references.stateOf(command) === 'mine');
  const created = new Map((free.length === 0 ? [] : await insertOrders(tx, free)).map((row) => [row.id, row]));
  const there = [...new Set(commands.map(({ orderId }) => orderId))].filter((id) => !created.has(id));
  const existing = new Map((there.length === 0 ? [] : await readExisting(tx, there)).map((row) => [row.id, row]));
  await references.releaseUnused(tx, created, existing);

  const outcomes = commands.map((command) => {
    const first = firsts.get(command.orderId) ?? command;
    const row = created.get(command.orderId);
    const stored = existing.get(command.orderId);
    if (row !== undefined && isNew(first)) return answerCreated(command, first, row);
    if (stored !== undefined) return replay(command, stored);
    return command === first ? references.rejectionOf(first, created) : LOCK_CONFLICT; // it may need another reference
  });
  return { outcomes, newIds: new Set(created.keys()) };
}

type Creation = CreateOrder & { readonly draft: OrderDraft };

function isNew(command: CreateOrder): command is Creation {
  return command.draft !== null;
}

function answerCreated(command: CreateOrder, first: Creation, row: InsertedRow): OrderOutcome {
  const order = newOrder(first, row);
  return command === first
    ? { kind: 'created', order, replayed: false }
    : compare(command, order, first.fingerprint, { mayBeSeen: maySee(command.viewer, order), replayed: true });
}

function newOrder({ orderId, draft }: Creation, { number, created_at: createdAt }: InsertedRow): Order {
  const { lines: _, ...rest } = draft;
  return {
    ...rest,
    id: orderId,
    number: number.toString(),
    status: INITIAL_STATUS,
    tracking: null,
    version: 1,
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    cancelledAt: null,
    cancelReason: null,
    deletedAt: null,
  };
}

/** What a command answers whose order was there before. */
function replay(command: CreateOrder, row: ExistingRow): OrderOutcome {
  const mayBeSeen = maySee(command.viewer, { customerId: row.owner });
  if (row.deleted_at !== null && mayBeSeen) {
    return { kind: 'rejected', rejection: { code: 'ORDER_DELETED', field: idField(command) } };
  }
  const replayed = row.command_id !== command.commandId;
  return compare(command, toOrder(row), row.fingerprint, { mayBeSeen, replayed });
}

/** The same request answers the first order again; another one, or somebody else's order, is rejected alike. */
function compare(
  command: CreateOrder,
  order: Order,
  fingerprint: Uint8Array,
  { mayBeSeen, replayed }: { readonly mayBeSeen: boolean; readonly replayed: boolean },
): OrderOutcome {
  const same = Buffer.from(fingerprint).equals(command.fingerprint) && mayBeSeen;
  if (same) return { kind: 'created', order, replayed };
  const message = `${command.identifiedBy} was already used with a different request.`;
  return { kind: 'rejected', rejection: { code: 'IDEMPOTENCY_MISMATCH', message, field: idField(command) } };
}

function idField({ inputPath, identifiedBy }: CreateOrder): FieldPath {
  return [...inputPath, identifiedBy];
}

interface References {
  /** `mine` where the order may be stored. */
  stateOf(command: Creation): 'mine' | 'taken';
  /** Gives up what was claimed for orders that turned out to be there already, unless it is theirs. */
  releaseUnused(tx: Queryable, created: Rows, existing: ReadonlyMap<string, ExistingRow>): Promise<void>;
  /** Why an order was neither stored nor there. */
  rejectionOf(command: CreateOrder, created: Rows): OrderOutcome | LockConflict;
}

type Rows = ReadonlyMap<string, unknown>;

/** An order that is there already claims nothing, so that it does not stand in the way of its neighbours. */
async function claim(tx: Queryable, commands: readonly Creation[]): Promise<References> {
  const wanting = commands.flatMap((command) => claimOf(command) ?? []);
  const orderIds = wanting.map(({ orderId }) => orderId);
  const known = orderIds.length === 0 ? [] : await readKnown(tx, orderIds);
  const there = new Set(orderIds.filter((_, index) => known[index] === true));
  const claims = wanting.filter(({ orderId }) => !there.has(orderId));
  const claiming = new Set(claims.map(({ orderId }) => orderId));
  const owners = await claimReferences(tx, claims);
  const ownerOf = (wanted: Claim | null) => (wanted === null ? null : (owners.get(nameOfReference(wanted)) ?? null));
  return {
    stateOf(command) {
      const wanted = claimOf(command);
      if (there.has(command.orderId)) return 'taken';
      return wanted === null || ownerOf(wanted) === wanted.orderId ? 'mine' : 'taken';
    },
    async releaseUnused(db, created, existing) {
      const unused = claims.filter((wanted) => {
        return ownerOf(wanted) === wanted.orderId && !created.has(wanted.orderId) && !has(existing, wanted);
      });
      await releaseReferences(db, unused);
    },
    rejectionOf(command, created) {
      const owner = isNew(command) ? ownerOf(claimOf(command)) : null;
      if (owner === null || owner === command.orderId) {
        throw new Error(`order ${command.orderId} was neither inserted nor there`);
      }
      // Claimed by a neighbour that was not stored: the reference is free again, so this one is tried anew.
      if (claiming.has(owner) && !created.has(owner)) return LOCK_CONFLICT;
      const problem = duplicateReference([...command.inputPath, 'externalReference']);
      return { kind: 'rejected', rejection: invalid([problem]) };
    },
  };
}

/** Whether an order that was there already has the reference, as that customer's. */
function has(existing: ReadonlyMap<string, ExistingRow>, { orderId, customerId, reference }: Claim): boolean {
  const row = existing.get(orderId);
  return row?.external_reference === reference && (row.customer_id ?? '') === customerId;
}

function claimOf({ orderId, draft }: Creation): Claim | null {
  const { externalReference: reference, customerId } = draft;
  return reference === null ? null : { customerId: customerId ?? '', reference, orderId };
}
