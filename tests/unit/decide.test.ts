import { expect, test } from 'vitest';
import { decideChange, type ChangeCommand, type Decision, type Known } from '../../src/domain/decide-change.js';
import { Problems } from '../../src/domain/input-problems.js';
import { readDetails } from '../../src/domain/order-details.js';
import type { OrderUpdate } from '../../src/domain/decide-update.js';
import type { OrderStatus } from '../../src/domain/lifecycle.js';
import type { Order, OrderLine, Tracking } from '../../src/domain/order.js';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { actorOf, type Viewer } from '../../src/domain/viewer.js';
import { PROMISED_LIFECYCLE, STATUSES } from '../support/lifecycle.js';

const created = new Date('2026-01-01T00:00:00Z');
const now = new Date('2026-01-02T00:00:00Z');

const order: Order = {
  id: '00000000-0000-7000-8000-000000000001',
  number: '1001',
  ...readDetails({}, [], new Problems()),
  customerId: 'me',
  status: 'PENDING',
  currency: 'USD',
  subtotal: 100n,
  shipping: 20n,
  tax: 10n,
  discount: 30n,
  total: 100n,
  externalReference: 'mine',
  tracking: null,
  metadata: { a: { b: 1, c: [2] } },
  version: 3,
  createdAt: created,
  updatedAt: created,
  completedAt: null,
  cancelledAt: null,
  cancelReason: null,
  deletedAt: null,
};

const stranger: Viewer = { issuer: 'i', subject: 'another customer', roles: ['customer'] };

type ChangeOptions = Partial<ChangeCommand> &
  Partial<Known> & { readonly to?: OrderStatus; readonly tracking?: Tracking };

/** Decides a transition, by default to CONFIRMED. */
function decide(from: Order | null, { to = 'CONFIRMED', tracking, ...options }: ChangeOptions = {}): Decision {
  const change = { kind: 'status', to, cancelReason: 'OTHER', tracking: tracking ?? null } as const;
  const command = {
    viewer: OPEN_ADMIN,
    actor: actorOf(OPEN_ADMIN),
    change,
    expectedVersion: null,
    reason: null,
    inputPath: ['input'],
    ...options,
  };
  return decideChange(from, command, { earlier: 'none', lines: [], referenceTaken: false, now, ...options });
}

test('the order of the checks is existence, key, version, same status, lifecycle', () => {
  // Each command breaks its own rule and all later ones.
  const invalid = { viewer: stranger, earlier: 'other-request', expectedVersion: 9, to: 'DELIVERED' } as const;
  const codeOf = (more: ChangeOptions) => {
    const decision = decide(order, more);
    return decision.kind === 'rejected' ? decision.rejection.code : decision.kind;
  };
  expect(codeOf(invalid)).toBe('INVALID_INPUT'); // NOT_FOUND
  expect(codeOf({ ...invalid, viewer: OPEN_ADMIN })).toBe('IDEMPOTENCY_MISMATCH');
  expect(codeOf({ ...invalid, viewer: OPEN_ADMIN, earlier: 'same-request' })).toBe('repeated');
  expect(codeOf({ ...invalid, viewer: OPEN_ADMIN, earlier: 'none' })).toBe('VERSION_CONFLICT');
  expect(codeOf({ expectedVersion: 9, to: 'PENDING' })).toBe('VERSION_CONFLICT');
  expect(codeOf({ to: 'PENDING', expectedVersion: 3 })).toBe('unchanged');
  expect(codeOf({ to: 'DELIVERED' })).toBe('INVALID_TRANSITION');
  expect(codeOf({})).toBe('changed');
});

test('a missing order and an order of another client are rejected alike', () => {
  const absent = decide(null);
  const foreign = decide(order, { viewer: stranger });
  expect(absent).toEqual(foreign);
  expect(absent).toMatchObject({ rejection: { problems: [{ code: 'NOT_FOUND', field: ['input', 'id'] }] } });
});

const owner: Viewer = { issuer: 'i', subject: 'me', roles: ['customer'] };

test.each(STATUSES)('a customer may only cancel its own order, while it is PENDING or CONFIRMED: %s', (status) => {
  const from = { ...order, status };
  const mayCancel = status === 'PENDING' || status === 'CONFIRMED';
  for (const to of STATUSES.filter((other) => other !== status)) {
    const decision = decide(from, { viewer: owner, actor: actorOf(owner), to });
    if (to === 'CANCELLED' && mayCancel) {
      expect(decision).toMatchObject({
        kind: 'changed',
        order: { status: 'CANCELLED', cancelReason: 'CUSTOMER' },
        event: { actor: { subject: 'me', kind: 'customer' } },
      });
    } else {
      const rejection = { code: 'INVALID_TRANSITION', to, allowed: mayCancel ? ['CANCELLED'] : [] };
      expect(decision).toMatchObject({ kind: 'rejected', rejection });
    }
  }
});

test.each(STATUSES)('a customer updates its own order only while it is PENDING: %s', (status) => {
  const details = { notes: 'new' };
  const change = { kind: 'update', details, amounts: {}, expectedTotal: null, lines: null } as const;
  const decision = decide({ ...order, status }, { viewer: owner, actor: actorOf(owner), change });
  const message = `notes can be changed only while the order is PENDING; it is ${status}.`;
  const problems = [{ code: 'NOT_EDITABLE', message, field: ['input', 'notes'] }];
  expect(decision).toMatchObject(
    status === 'PENDING' ? { kind: 'changed', order: details } : { kind: 'rejected', rejection: { problems } },
  );
});

test('the cancellation of staff keeps the given reason', () => {
  expect(decide(order, { to: 'CANCELLED' })).toMatchObject({ order: { cancelReason: 'OTHER' } });
});

test('every pair of statuses is decided by the lifecycle, with one event for each change', () => {
  for (const from of STATUSES) {
    for (const to of STATUSES) {
      const decision = decide({ ...order, status: from }, { to, reason: 'why' });
      if (from === to) expect(decision.kind).toBe('unchanged');
      else if (!PROMISED_LIFECYCLE[from].includes(to))
        expect(decision).toMatchObject({ rejection: { code: 'INVALID_TRANSITION', to } });
      else {
        expect(decision).toMatchObject({
          kind: 'changed',
          order: {
            status: to,
            version: 4,
            updatedAt: now,
            completedAt: to === 'COMPLETED' ? now : null,
            cancelledAt: to === 'CANCELLED' ? now : null,
            cancelReason: to === 'CANCELLED' ? 'OTHER' : null,
          },
          event: {
            type: 'STATUS_CHANGED',
            version: 4,
            from,
            to,
            reason: 'why',
            occurredAt: now,
            changedFields: to === 'CANCELLED' ? ['status', 'cancelReason'] : ['status'],
          },
        });
      }
    }
  }
});

test('the time of a change is never earlier than the time of the previous change', () => {
  const later = new Date('2026-03-01T00:00:00Z');
  expect(decide({ ...order, updatedAt: later })).toMatchObject({
    order: { updatedAt: later },
    event: { occurredAt: later },
  });
});

test('a decision does not modify its arguments', () => {
  const before = structuredClone(order);
  decide(order, { to: 'CANCELLED' });
  expect(order).toEqual(before);
});

const line: OrderLine = { productId: null, sku: null, name: 'Tea', quantity: 1, unitPrice: 100n, subtotal: 100n };

interface Updated {
  readonly newLines?: readonly OrderLine[];
  readonly money?: Partial<Pick<OrderUpdate, 'amounts' | 'expectedTotal'>>;
}

function updateOrder(from: Order, details: object, more: ChangeOptions & Updated = {}): Decision {
  const { newLines = null, ...options } = more;
  const change = {
    kind: 'update',
    details,
    amounts: {},
    expectedTotal: null,
    lines: newLines,
    ...options.money,
  } as const;
  return decide(from, { change, lines: [line], ...options });
}

test('an update changes the given fields, lists them in its event, and keeps the others', () => {
  const decision = updateOrder(order, { notes: 'new', metadata: { a: { c: [2], b: 1 } }, externalReference: null });
  expect(decision).toMatchObject({
    kind: 'changed',
    order: { notes: 'new', externalReference: null, metadata: order.metadata, version: 4, status: 'PENDING' },
    event: { type: 'UPDATED', from: null, to: null, changedFields: ['externalReference', 'notes'] },
    lines: null,
  });
  expect(updateOrder(order, { notes: null, metadata: { a: { c: [2], b: 1 } } })).toEqual({ kind: 'unchanged', order });
  expect(updateOrder(order, {}, { newLines: [line] })).toEqual({ kind: 'unchanged', order });
});

test('new items change the subtotal and total; shipping, tax and discount stay the same', () => {
  const expensive = { ...line, quantity: 5, subtotal: 500n };
  expect(updateOrder(order, {}, { newLines: [expensive] })).toMatchObject({
    order: { subtotal: 500n, total: 500n },
    event: { changedFields: ['items', 'subtotal', 'total'] },
    lines: [expensive],
  });
  const free = { ...line, unitPrice: 0n, subtotal: 0n };
  expect(updateOrder({ ...order, discount: 130n, total: 0n }, {}, { newLines: [free] })).toMatchObject({
    rejection: { problems: [{ code: 'INVALID', field: ['input', 'items'] }] },
  });
});

test('details are editable until the order is shipped, items only while it is PENDING', () => {
  for (const status of STATUSES) {
    const details = updateOrder({ ...order, status }, { notes: 'new' });
    const editable = ['PENDING', 'CONFIRMED', 'PROCESSING'].includes(status);
    if (editable) expect(details.kind).toBe('changed');
    else
      expect(details).toMatchObject({ rejection: { problems: [{ code: 'NOT_EDITABLE', field: ['input', 'notes'] }] } });
    const items = updateOrder({ ...order, status }, {}, { newLines: [] });
    if (status === 'PENDING') expect(items.kind).toBe('changed');
    else
      expect(items).toMatchObject({ rejection: { problems: [{ code: 'NOT_EDITABLE', field: ['input', 'items'] }] } });
  }
});

test('an external reference of another order is rejected only if the update would set it', () => {
  const taken = { referenceTaken: true };
  expect(updateOrder(order, { externalReference: 'yours' }, taken)).toMatchObject({
    rejection: { problems: [{ code: 'DUPLICATE', field: ['input', 'externalReference'] }] },
  });
  expect(updateOrder(order, { notes: 'new' }, taken).kind).toBe('changed');
});

test('tracking is set with SHIPPED and can be corrected afterwards', () => {
  const tracking = { carrier: 'Mole', number: '1', url: null };
  const shipped = decide(order, { to: 'SHIPPED', tracking });
  expect(shipped).toMatchObject({ order: { tracking }, event: { changedFields: ['status', 'tracking'] } });
  if (shipped.kind !== 'changed') throw new Error('not shipped');
  expect(decide(shipped.order, { to: 'SHIPPED', tracking: { ...tracking } }).kind).toBe('unchanged');
  expect(decide(shipped.order, { to: 'SHIPPED' }).kind).toBe('unchanged');
  expect(decide(shipped.order, { to: 'SHIPPED', tracking: { ...tracking, number: '2' } })).toMatchObject({
    kind: 'changed',
    order: { status: 'SHIPPED', tracking: { number: '2' } },
    event: { type: 'UPDATED', from: null, to: null, changedFields: ['tracking'] },
  });
});

test('a deletion keeps the listed fields and erases all others, including fields added later', () => {
  const kept = ['id', 'number', 'status', 'currency', 'subtotal', 'shipping', 'tax', 'discount', 'total', 'createdAt'];
  const ended = ['completedAt', 'cancelledAt', 'cancelReason'];
  const set = { version: 4, updatedAt: now, deletedAt: now };
  const full = Object.fromEntries(Object.keys(order).map((name) => [name, `personal ${name}`]));
  const before = { ...full, status: 'SHIPPED', version: 3, updatedAt: created, deletedAt: null, cardNote: 'For Ann' };
  const decision = decide(before as unknown as Order, { change: { kind: 'delete' } });
  if (decision.kind !== 'changed') throw new Error('not deleted');
  for (const [name, value] of Object.entries(decision.order)) {
    if (name in set) expect({ [name]: value }).toEqual({ [name]: set[name as keyof typeof set] });
    else if ([...kept, ...ended].includes(name)) expect(value).toBe(before[name as keyof typeof before]);
    else expect({ [name]: value }).toEqual({ [name]: name === 'metadata' ? {} : null });
  }
  expect(Object.keys(decision.order).toSorted()).toEqual(Object.keys(before).toSorted());
});

test('a deletion erases personal data, and afterwards only retries of earlier commands find the order', () => {
  const deletion = { change: { kind: 'delete' } } as const;
  const decision = decide({ ...order, customerName: 'Me', notes: 'secret' }, deletion);
  expect(decision).toMatchObject({
    kind: 'changed',
    order: { customerId: null, customerName: null, notes: null, externalReference: null, metadata: {}, deletedAt: now },
    event: { type: 'DELETED', version: 4, customerId: 'me', changedFields: [] },
    lines: [],
  });
  if (decision.kind !== 'changed') throw new Error('not deleted');
  expect(decide(decision.order, deletion)).toMatchObject({ rejection: { problems: [{ code: 'NOT_FOUND' }] } });
  expect(decide(decision.order, { ...deletion, earlier: 'own-attempt' }).kind).toBe('repeated');
  expect(decide(decision.order, { ...deletion, earlier: 'same-request' }).kind).toBe('repeated');
  expect(decide(decision.order, { ...deletion, earlier: 'other-request' })).toMatchObject({
    rejection: { code: 'IDEMPOTENCY_MISMATCH' },
  });
  expect(decide(decision.order, { earlier: 'own-attempt' }).kind).toBe('repeated');
  expect(decide(decision.order, { earlier: 'same-request' })).toMatchObject({ rejection: { problems: [{}] } });
});

/** Decides an assignment to the customer `you`. */
function assign(from: Order, options: ChangeOptions = {}): Decision {
  return decide(from, { change: { kind: 'assign', customerId: 'you' }, ...options });
}

test('a guest order is assigned to a customer in every status, and its event has the customer', () => {
  const guest = { ...order, customerId: null };
  for (const status of STATUSES) {
    expect(assign({ ...guest, status }, { reason: 'why' })).toMatchObject({
      kind: 'changed',
      order: { customerId: 'you', status, version: 4, updatedAt: now },
      event: { type: 'UPDATED', from: null, to: null, changedFields: ['customerId'], customerId: 'you', reason: 'why' },
      lines: null,
    });
  }
});

test('an order with a customer is not assigned to another one, and the rejection does not name its customer', () => {
  const own = { ...order, customerId: 'you' };
  expect(assign(own)).toEqual({ kind: 'unchanged', order: own });
  expect(assign(own, { referenceTaken: true }).kind).toBe('unchanged');
  const foreign = assign({ ...order, customerId: 'a third customer' });
  expect(foreign).toMatchObject({
    rejection: { problems: [{ code: 'NOT_EDITABLE', field: ['input', 'customerId'] }] },
  });
  expect(JSON.stringify(foreign)).not.toContain('third');
  expect(assign({ ...order, customerId: null }, { referenceTaken: true })).toMatchObject({
    rejection: { problems: [{ code: 'DUPLICATE', field: ['input', 'customerId'] }] },
  });
  expect(assign({ ...order, customerId: null, deletedAt: now })).toMatchObject({
    rejection: { problems: [{ code: 'NOT_FOUND' }] },
  });
});

const erasure = { change: { kind: 'erase', customerId: 'me' } } as const;

test('an erasure keeps what a deletion keeps, and its event lists the erased fields without their values', () => {
  const before = { ...order, status: 'CONFIRMED', customerName: 'Personal', notes: 'Personal', cardNote: 'Personal' };
  const decision = decide(before as Order, { ...erasure, reason: 'Personal' });
  const deletion = decide(before as Order, { change: { kind: 'delete' } });
  if (decision.kind !== 'changed' || deletion.kind !== 'changed') throw new Error('not changed');
  expect(decision.order).toEqual({ ...deletion.order, deletedAt: null });
  expect(decision.lines).toBeNull();
  const { changedFields, ...event } = decision.event;
  expect(event).toMatchObject({ type: 'UPDATED', version: 4, from: null, to: null, customerId: null, reason: null });
  const erased = ['cardNote', 'customerId', 'customerName', 'externalReference', 'metadata', 'notes'];
  expect(changedFields.toSorted()).toEqual(erased);
});

test('an erasure leaves orders without the customer as they are; of a tombstone only the events are erased', () => {
  for (const customerId of [null, 'you']) expect(decide({ ...order, customerId }, erasure).kind).toBe('unchanged');
  const tombstone = { ...order, customerId: null, deletedAt: now };
  expect(decide(tombstone, erasure)).toEqual({ kind: 'history-erased', order: tombstone });
});

test('the erasure by an admin who is the customer does not name its subject', () => {
  const actor = { subject: 'me', kind: 'admin' } as const;
  expect(decide(order, { ...erasure, actor })).toMatchObject({ event: { actor: { subject: null, kind: 'admin' } } });
  const other = { subject: 'you', kind: 'admin' } as const;
  expect(decide(order, { ...erasure, actor: other })).toMatchObject({ event: { actor: other } });
});
