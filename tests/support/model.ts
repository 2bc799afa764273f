import type { OrderStatus } from '../../src/domain/lifecycle.js';
import { PROMISED_LIFECYCLE } from './lifecycle.js';

/*
 * A reference model of the server: orders in memory and sequential commands, without batches, locks, fingerprints or
 * logs. Amounts are in cents.
 */

export interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
}

export interface Create {
  readonly kind: 'create';
  /** The number of the idempotency key of the client. */
  readonly key: number;
  readonly guest: boolean;
  readonly lines: readonly Line[];
  readonly reference: string | null;
  readonly notes: string | null;
  readonly name: string | null;
  readonly shipping: number;
  readonly tax: number;
  readonly discount: number;
}

interface OnOrder {
  /** The key that the order was created with. */
  readonly order: number;
  /** The expected version, or null. */
  readonly expected: number | null;
  /** The idempotency key of the change, or null. */
  readonly change: string | null;
}

export interface Transition extends OnOrder {
  readonly kind: 'transition';
  readonly status: OrderStatus;
  readonly tracking: string | null;
}

export interface Cancel extends OnOrder {
  readonly kind: 'cancel';
  readonly reason: string;
}

export interface Update extends OnOrder {
  readonly kind: 'update';
  readonly name?: string | null;
  readonly shipping?: number | null;
  readonly tax?: number | null;
  readonly discount?: number | null;
  readonly expectedTotal?: number;
  readonly notes?: string | null;
  readonly reference?: string | null;
  readonly lines?: readonly Line[];
}

export interface Delete extends OnOrder {
  readonly kind: 'delete';
}

/** A customer of the client, by its number. Orders are created for customer 0 or for a guest. */
export type Customer = 0 | 1;

export interface Assign extends OnOrder {
  readonly kind: 'assign';
  readonly customer: Customer;
}

export type Change = Transition | Cancel | Update | Assign | Delete;

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
  readonly created: Create;
  customer: Customer | null;
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
  /** The changes with idempotency keys, by key. */
  readonly changes: Map<string, string>;
}

/** The expected result of a command: a rejection code or the outcome. */
export type Expected =
  { readonly rejected: string } | { readonly done: 'created' | 'replayed' | 'changed' | 'unchanged' };

const rejected = (code: string): Expected => ({ rejected: code });
const done = (what: 'created' | 'replayed' | 'changed' | 'unchanged'): Expected => ({ done: what });

type Sums = Pick<ModelOrder, 'lines' | 'shipping' | 'tax' | 'discount'>;

export function totalOf({ lines, shipping, tax, discount }: Sums): number {
  return subtotalOf(lines) + shipping + tax - discount;
}

function subtotalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
}

/** The orders of one client by the key they were created with. */
export class Model {
  readonly orders = new Map<number, ModelOrder>();

  create(input: Create): Expected {
    const invalid = this.#check(input);
    if (invalid !== null) return invalid;
    const existing = this.orders.get(input.key);
    if (existing?.deleted === true) return rejected('ORDER_DELETED');
    if (existing !== undefined)
      return same(existing.created, input) ? done('replayed') : rejected('IDEMPOTENCY_MISMATCH');
    const customer = input.guest ? null : 0;
    if (this.#isTaken(input.reference, customer, null)) return rejected('DUPLICATE');
    const { lines, reference, notes, name, shipping, tax, discount } = input;
    this.orders.set(input.key, {
      created: input,
      customer,
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
    return done('created');
  }

  createMany({ partial, orders }: CreateMany): Expected[] {
    if (partial) return orders.map((order) => this.create(order));
    const invalid = orders.map((order) => this.#check(order));
    if (invalid.some((each) => each !== null)) {
      // Orders of earlier requests are still replayed.
      const others = (order: Create) => (this.orders.has(order.key) ? this.create(order) : rejected('BATCH_ABORTED'));
      return orders.map((order, index) => invalid[index] ?? others(order));
    }
    const before = new Map(this.orders);
    const results = orders.map((order) => this.create(order));
    if (!results.some((result) => 'rejected' in result)) return results;
    this.orders.clear();
    for (const [key, order] of before) this.orders.set(key, order);
    // Orders of earlier requests are still replayed; new ones are not stored.
    return results.map((result, index) => {
      const order = orders[index];
      const isFinal = 'rejected' in result || (order !== undefined && before.has(order.key));
      return isFinal ? result : rejected('BATCH_ABORTED');
    });
  }

  change(command: Change): Expected {
    if (command.kind === 'transition' && command.tracking !== null && command.status !== 'SHIPPED')
      return rejected('INVALID');
    const order = this.orders.get(command.order);
    const { change, expected } = command;
    if (order === undefined) return rejected('NOT_FOUND');
    const isKnown = change !== null && order.changes.has(change);
    if (order.deleted && !(isKnown && command.kind === 'delete')) return rejected('NOT_FOUND');
    const text = JSON.stringify(command);
    if (isKnown) return order.changes.get(change) === text ? done('changed') : rejected('IDEMPOTENCY_MISMATCH');
    if (expected !== null && expected !== order.events.length) return rejected('VERSION_CONFLICT');
    const result = this.#decide(order, command);
    if ('done' in result && result.done === 'changed' && change !== null) order.changes.set(change, text);
    return result;
  }

  #decide(order: ModelOrder, command: Change): Expected {
    switch (command.kind) {
      case 'transition':
        return transition(order, command.status, 'OTHER', command.tracking);
      case 'cancel':
        return transition(order, 'CANCELLED', command.reason, null);
      case 'update':
        return this.#updateOrder(order, command);
      case 'assign':
        return this.#assign(order, command.customer);
      case 'delete':
        order.deleted = true;
        order.reference = null;
        order.events.push({ type: 'DELETED', from: null, to: null, changedFields: [] });
        return done('changed');
    }
  }

  #assign(order: ModelOrder, customer: Customer): Expected {
    if (order.customer === customer) return done('unchanged');
    if (order.customer !== null) return rejected('NOT_EDITABLE');
    if (this.#isTaken(order.reference, customer, order)) return rejected('DUPLICATE');
    order.customer = customer;
    order.events.push({ type: 'UPDATED', from: null, to: null, changedFields: ['customerId'] });
    return done('changed');
  }

  #updateOrder(order: ModelOrder, update: Update): Expected {
    const { lines = order.lines, reference = order.reference, notes = order.notes, name = order.name } = update;
    const amount = (field: 'shipping' | 'tax' | 'discount') =>
      update[field] === undefined ? order[field] : (update[field] ?? 0);
    const sums = { lines, shipping: amount('shipping'), tax: amount('tax'), discount: amount('discount') };
    const changedIf = (field: string, isChanged: boolean) => (isChanged ? [field] : []);
    const details = [
      ...changedIf('customerName', name !== order.name),
      ...changedIf('externalReference', reference !== order.reference),
      ...changedIf('notes', notes !== order.notes),
    ];
    const money = [
      ...changedIf('items', JSON.stringify(lines) !== JSON.stringify(order.lines)),
      ...(['shipping', 'tax', 'discount'] as const).flatMap((field) => changedIf(field, sums[field] !== order[field])),
    ];
    const editable = details.length === 0 || ['PENDING', 'CONFIRMED', 'PROCESSING'].includes(order.status);
    if (!editable || (money.length > 0 && order.status !== 'PENDING')) return rejected('NOT_EDITABLE');
    if (reference !== order.reference && this.#isTaken(reference, order.customer, order)) return rejected('DUPLICATE');
    const total = totalOf(sums);
    if (total < 0) return rejected('INVALID');
    if (update.expectedTotal !== undefined && update.expectedTotal !== total) return rejected('TOTAL_MISMATCH');
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
    return totalOf(input) < 0 ? rejected('INVALID') : null;
  }

  #isTaken(reference: string | null, customer: Customer | null, by: ModelOrder | null): boolean {
    const others = [...this.orders.values()].filter((each) => each !== by && each.customer === customer);
    return reference !== null && others.some((each) => each.reference === reference);
  }
}

function transition(order: ModelOrder, to: OrderStatus, reason: string, tracking: string | null): Expected {
  const changesStatus = order.status !== to;
  const changesTracking = tracking !== null && tracking !== order.tracking;
  if (!changesStatus && !changesTracking) return done('unchanged');
  if (changesStatus && !PROMISED_LIFECYCLE[order.status].includes(to)) return rejected('INVALID_TRANSITION');
  const changedFields = [
    ...(changesStatus ? ['status'] : []),
    ...(changesTracking ? ['tracking'] : []),
    ...(changesStatus && to === 'CANCELLED' ? ['cancelReason'] : []),
  ];
  const [from, next] = changesStatus ? [order.status, to] : [null, null];
  order.events.push({ type: changesStatus ? 'STATUS_CHANGED' : 'UPDATED', from, to: next, changedFields });
  order.status = to;
  order.tracking = tracking ?? order.tracking;
  if (changesStatus && to === 'CANCELLED') order.cancelReason = reason;
  return done('changed');
}

function same(left: Create, right: Create): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
