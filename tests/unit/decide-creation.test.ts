import { expect, test } from 'vitest';
import {
  customerOfCreation,
  decideCreation,
  storedOrder,
  type CreationCommand,
  type CreationDecision,
  type ExistingOrder,
} from '../../src/domain/decide-creation.js';
import { eventPayload } from '../../src/domain/order-event.js';
import { RequestError } from '../../src/domain/errors.js';
import { Problems } from '../../src/domain/input-problems.js';
import { readDetails } from '../../src/domain/order-details.js';
import type { OrderDraft } from '../../src/domain/order.js';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { actorOf, type Viewer } from '../../src/domain/viewer.js';

const createdAt = new Date('2026-01-01T00:00:00Z');

const draft: OrderDraft = {
  ...readDetails({}, [], new Problems()),
  customerId: 'me',
  currency: 'USD',
  subtotal: 100n,
  shipping: 20n,
  tax: 10n,
  discount: 30n,
  total: 100n,
  externalReference: 'mine',
  metadata: {},
  lines: [{ productId: null, sku: null, name: 'Tea', quantity: 1, unitPrice: 100n, subtotal: 100n }],
};

const command: CreationCommand = {
  orderId: '00000000-0000-7000-8000-000000000001',
  commandId: 'first',
  viewer: OPEN_ADMIN,
  actor: actorOf(OPEN_ADMIN),
  draft,
  fingerprint: Buffer.from('a request'),
  inputPath: ['input'],
  identifiedBy: 'idempotencyKey',
};

const referenceFree = { referenceTaken: false };
const stranger: Viewer = { issuer: 'i', subject: 'another customer', roles: ['customer'] };

function created(decision: CreationDecision) {
  if (decision.kind !== 'created') throw new Error(`unexpected decision: ${decision.kind}`);
  return decision;
}

/** The order that the command stored. */
const existing: ExistingOrder = {
  order: storedOrder(created(decideCreation(null, command, referenceFree)).order, { number: '1001', createdAt }),
  customerId: 'me',
  commandId: 'first',
  fingerprint: Uint8Array.from(command.fingerprint),
};
const tombstone: ExistingOrder = { ...existing, order: { ...existing.order, customerId: null, deletedAt: createdAt } };

test('a new id creates a pending order of version 1 with its event and its lines', () => {
  const decision = created(decideCreation(null, command, referenceFree));
  const { lines, ...details } = draft;
  expect(decision.order).toEqual({
    ...details,
    id: command.orderId,
    status: 'PENDING',
    tracking: null,
    version: 1,
    completedAt: null,
    cancelledAt: null,
    cancelReason: null,
    deletedAt: null,
  });
  expect(decision.event).toEqual({
    orderId: command.orderId,
    version: 1,
    type: 'CREATED',
    from: null,
    to: 'PENDING',
    changedFields: [],
    reason: null,
    actor: command.actor,
    customerId: 'me',
    position: null,
  });
  expect(decision.lines).toBe(lines);
});

test('the stored order has the number and the time that the database assigned', () => {
  expect(existing.order).toMatchObject({ number: '1001', createdAt, updatedAt: createdAt });
  expect(eventPayload(existing.order)).toMatchObject({ createdAt, status: 'PENDING' });
});

test('the same request returns the stored order; only a retry of the same command is not a replay', () => {
  const { order } = existing;
  expect(decideCreation(existing, command, referenceFree)).toEqual({ kind: 'repeated', order, replayed: false });
  const later = { ...command, commandId: 'second', draft: null };
  expect(decideCreation(existing, later, referenceFree)).toEqual({ kind: 'repeated', order, replayed: true });
  expect(decideCreation(existing, later, { referenceTaken: true })).toEqual({
    kind: 'repeated',
    order,
    replayed: true,
  });
});

test.each(['id', 'idempotencyKey'] as const)('a different request with the same %s is rejected', (identifiedBy) => {
  const other = { ...command, identifiedBy, fingerprint: Buffer.from('b request') };
  const message = `${identifiedBy} was already used with different input.`;
  expect(decideCreation(existing, other, referenceFree)).toEqual({
    kind: 'rejected',
    rejection: { code: 'IDEMPOTENCY_MISMATCH', message, field: ['input', identifiedBy] },
  });
});

test('an order of another customer, deleted or not, is a mismatch and is not disclosed', () => {
  const foreign = { ...command, viewer: stranger };
  for (const order of [existing, tombstone]) {
    expect(decideCreation(order, foreign, referenceFree)).toMatchObject({
      rejection: { code: 'IDEMPOTENCY_MISMATCH' },
    });
  }
});

test('a deleted order is not created again; its creator and admins get ORDER_DELETED', () => {
  const owner: Viewer = { issuer: 'i', subject: 'me', roles: ['customer'] };
  for (const viewer of [OPEN_ADMIN, owner]) {
    expect(decideCreation(tombstone, { ...command, viewer }, referenceFree)).toEqual({
      kind: 'rejected',
      rejection: { code: 'ORDER_DELETED', field: ['input', 'idempotencyKey'] },
    });
  }
});

test('a new order with an external reference of another order is rejected', () => {
  expect(decideCreation(null, command, { referenceTaken: true })).toMatchObject({
    rejection: { code: 'INVALID_INPUT', problems: [{ code: 'DUPLICATE', field: ['input', 'externalReference'] }] },
  });
});

test('a command without a draft does not create an order', () => {
  expect(() => decideCreation(null, { ...command, draft: null }, referenceFree)).toThrow('known to exist');
});

test('a customer creates orders for itself only, and no guest orders; staff for anyone', () => {
  const at = ['input', 'orders', '3'];
  const customer = (subject: string | null): Viewer => ({ issuer: 'i', subject, roles: ['customer'] });
  expect(customerOfCreation(customer('ann'), null, at)).toBe('ann');
  expect(customerOfCreation(customer('ann'), 'ann', at)).toBe('ann');
  for (const [subject, requested] of [
    ['ann', 'bob'],
    ['ann', ''],
    ['', null],
    ['', ''],
    [null, null],
    [null, 'ann'],
  ] as const) {
    const message =
      'input.orders.3.customerId must be omitted or equal the subject of the token: customers create orders for themselves only.';
    const details = { field: 'input.orders.3.customerId' };
    expect(() => customerOfCreation(customer(subject), requested, at)).toThrow(
      new RequestError('FORBIDDEN', message, { details }),
    );
  }
  for (const requested of ['bob', null]) expect(customerOfCreation(OPEN_ADMIN, requested, at)).toBe(requested);
});
