import type { OrderStatus } from '../../src/domain/lifecycle.js';
import { PROMISED_LIFECYCLE } from './lifecycle.js';

/*
 * What the server promises, in the plainest words: orders in memory, one command after the other. It knows nothing of
 * batches, locks, fingerprints or logs. Amounts are in cents.
 */

export interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
}

export interface Create {
  readonly kind: 'create';
  /** Which of the client's keys. */
  readonly key: number;
  readonly lines: readonly Line[];
  readonly reference: string | null;
  readonly notes: string | null;
  readonly name: string | null;
  readonly shipping: number;
  readonly tax: number;
  readonly discount: number;
}

interface OnOrder {
  /** Which of the client's keys the order was made under. */
  readonly order: number;
  /** The expected version; null expects none. */
  readonly expected: number | null;
  /** An idempotency key of the change. */
  readonly change: string | null;
}

export interface Move extends OnOrder {
  readonly kind: 'move';
  readonly status: OrderStatus;
  readonly tracking: string | null;
}

export interface Cancel extends OnOrder {
  readonly kind: 'cancel';
  readonly reason: string;
}

export interface Edit extends OnOrder {
  readonly kind: 'edit';
  readonly name?: string | null;
  readonly shipping?: number | null;
  readonly tax?: number | null;
  readonly discount?: number | null;
  readonly expectedTotal?: number;
  readonly notes?: string | null;
  readonly reference?: string | null;
  readonly lines?: readonly Line[];
}

export interface Remove extends OnOrder {
  readonly kind: 'remove';
}

export type Change = Move | Cancel | Edit | Remove;

export interface CreateMany {
  readonly kind: 'createMany';
  readonly partial: boolean;
  readonly orders: readonly Create[];
}

export interface ModelEvent {
  readonly type: string;
  readonly from: OrderStatus | null;
  readonly to: OrderStatus | null;
  readonly changedFields: readonly string[];
}

export interface ModelOrder {
  readonly made: Create;
  status: OrderStatus;
  lines: readonly Line[];
  reference: string | null;
  notes: string | null;
  name: string | null;
  shipping: number;
  tax: number;
  discount: number;
  tracking: string | null;
  cancelReason: string | null;
  deleted: boolean;
  readonly events: ModelEvent[];
  /** What the order's changes under keys were. */
  readonly changes: Map<string, string>;
}

/** What an answer must say: a code of refusal, or what was done. */
export type Expected = { readonly refused: string } | { readonly done: 'new' | 'again' | 'changed' | 'unchanged' };

const refused = (code: string): Expected => ({ refused: code });
const done = (what: 'new' | 'again' | 'changed' | 'unchanged'): Expected => ({ done: what });

type Sums = Pick<ModelOrder, 'lines' | 'shipping' | 'tax' | 'discount'>;

export function totalOf({ lines, shipping, tax, discount }: Sums): number {
  return subtotalOf(lines) + shipping + tax - discount;
}

function subtotalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
}

/** The orders of one client, each under the key it was made with. */
export class Model {
  readonly orders = new Map<number, ModelOrder>();

  create(input: Create): Expected {
    const bad = this.#check(input);
    if (bad !== null) return bad;
    const there = this.orders.get(input.key);
    if (there?.deleted === true) return refused('ORDER_DELETED');
    if (there !== undefined) return same(there.made, input) ? done('again') : refused('IDEMPOTENCY_MISMATCH');
    if (this.#isTaken(input.reference, null)) return refused('DUPLICATE');
    const { lines, reference, notes, name, shipping, tax, discount } = input;
    this.orders.set(input.key, {
      made: input,
      status: 'PENDING',
      lines,
      reference,
      notes,
      name,
      shipping,
      tax,
      discount,
      tracking: null,
      cancelReason: null,
      deleted: false,
      events: [{ type: 'CREATED', from: null, to: 'PENDING', changedFields: [] }],
      changes: new Map(),
    });
    return done('new');
  }

  createMany({ partial, orders }: CreateMany): Expected[] {
    if (partial) return orders.map((order) => this.create(order));
    const bad = orders.map((order) => this.#check(order));
    if (bad.some((each) => each !== null)) {
      // Those that an earlier request stored are still told what they are.
      const others = (order: Create) => (this.orders.has(order.key) ? this.create(order) : refused('BATCH_ABORTED'));
      return orders.map((order, index) => bad[index] ?? others(order));
    }
    const before = new Map(this.orders);
    const answers = orders.map((order) => this.create(order));
    if (!answers.some((answer) => 'refused' in answer)) return answers;
    this.orders.clear();
    for (const [key, order] of before) this.orders.set(key, order);
    // Those that an earlier request stored are still told; the new ones are not there.
    return answers.map((answer, index) => {
      const order = orders[index];
      const stays = 'refused' in answer || (order !== undefined && before.has(order.key));
      return stays ? answer : refused('BATCH_ABORTED');
    });
  }

  change(command: Change): Expected {
    if (command.kind === 'move' && command.tracking !== null && command.status !== 'SHIPPED') return refused('INVALID');
    const order = this.orders.get(command.order);
    const { change, expected } = command;
    if (order === undefined) return refused('NOT_FOUND');
    const isKnown = change !== null && order.changes.has(change);
    if (order.deleted && !(isKnown && command.kind === 'remove')) return refused('NOT_FOUND');
    const said = JSON.stringify(command);
    if (isKnown) return order.changes.get(change) === said ? done('changed') : refused('IDEMPOTENCY_MISMATCH');
    if (expected !== null && expected !== order.events.length) return refused('VERSION_CONFLICT');
    const answer = this.#decide(order, command);
    if ('done' in answer && answer.done === 'changed' && change !== null) order.changes.set(change, said);
    return answer;
  }

  #decide(order: ModelOrder, command: Change): Expected {
    switch (command.kind) {
      case 'move':
        return move(order, command.status, 'OTHER', command.tracking);
      case 'cancel':
        return move(order, 'CANCELLED', command.reason, null);
      case 'edit':
        return this.#edit(order, command);
      case 'remove':
        order.deleted = true;
        order.reference = null;
        order.events.push({ type: 'DELETED', from: null, to: null, changedFields: [] });
        return done('changed');
    }
  }

  #edit(order: ModelOrder, edit: Edit): Expected {
    const { lines = order.lines, reference = order.reference, notes = order.notes, name = order.name } = edit;
    const amount = (of: 'shipping' | 'tax' | 'discount') => (edit[of] === undefined ? order[of] : (edit[of] ?? 0));
    const sums = { lines, shipping: amount('shipping'), tax: amount('tax'), discount: amount('discount') };
    const changedIf = (field: string, isChanged: boolean) => (isChanged ? [field] : []);
    const details = [
      ...changedIf('customerName', name !== order.name),
      ...changedIf('externalReference', reference !== order.reference),
      ...changedIf('notes', notes !== order.notes),
    ];
    const money = [
      ...changedIf('items', JSON.stringify(lines) !== JSON.stringify(order.lines)),
      ...(['shipping', 'tax', 'discount'] as const).flatMap((of) => changedIf(of, sums[of] !== order[of])),
    ];
    const editable = details.length === 0 || ['PENDING', 'CONFIRMED', 'PROCESSING'].includes(order.status);
    if (!editable || (money.length > 0 && order.status !== 'PENDING')) return refused('NOT_EDITABLE');
    if (reference !== order.reference && this.#isTaken(reference, order)) return refused('DUPLICATE');
    const total = totalOf(sums);
    if (total < 0) return refused('INVALID');
    if (edit.expectedTotal !== undefined && edit.expectedTotal !== total) return refused('TOTAL_MISMATCH');
    if (details.length + money.length === 0) return done('unchanged');
    const changedFields = [
      ...details,
      ...money,
      ...changedIf('subtotal', subtotalOf(lines) !== subtotalOf(order.lines)),
      ...changedIf('total', total !== totalOf(order)),
    ];
    Object.assign(order, { reference, notes, name, ...sums });
    order.events.push({ type: 'UPDATED', from: null, to: null, changedFields });
    return done('changed');
  }

  #check(input: Create): Expected | null {
    return totalOf(input) < 0 ? refused('INVALID') : null;
  }

  #isTaken(reference: string | null, by: ModelOrder | null): boolean {
    return reference !== null && [...this.orders.values()].some((each) => each !== by && each.reference === reference);
  }
}

function move(order: ModelOrder, to: OrderStatus, reason: string, tracking: string | null): Expected {
  const moves = order.status !== to;
  const tracks = tracking !== null && tracking !== order.tracking;
  if (!moves && !tracks) return done('unchanged');
  if (moves && !PROMISED_LIFECYCLE[order.status].includes(to)) return refused('INVALID_TRANSITION');
  const changedFields = [
    ...(moves ? ['status'] : []),
    ...(tracks ? ['tracking'] : []),
    ...(moves && to === 'CANCELLED' ? ['cancelReason'] : []),
  ];
  const [from, next] = moves ? [order.status, to] : [null, null];
  order.events.push({ type: moves ? 'STATUS_CHANGED' : 'UPDATED', from, to: next, changedFields });
  order.status = to;
  order.tracking = tracking ?? order.tracking;
  if (moves && to === 'CANCELLED') order.cancelReason = reason;
  return done('changed');
}

function same(left: Create, right: Create): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
