import { expect, test } from 'vitest';
import { decideStatusChange, type ChangeStatus } from '../../src/domain/decide.js';
import { ORDER_STATUSES, isAllowed } from '../../src/domain/lifecycle.js';
import type { Order } from '../../src/domain/order.js';
import { actorOf, OPEN_ADMIN, type Viewer } from '../../src/domain/viewer.js';

const created = new Date('2026-01-01T00:00:00Z');
const now = new Date('2026-01-02T00:00:00Z');

const order: Order = {
  id: '00000000-0000-7000-8000-000000000001',
  number: '1001',
  customerId: 'me',
  customerName: null,
  customerEmail: null,
  status: 'PENDING',
  currency: 'USD',
  subtotal: 100n,
  total: 100n,
  notes: null,
  version: 3,
  createdAt: created,
  updatedAt: created,
  completedAt: null,
  cancelledAt: null,
  cancelReason: null,
};

const stranger: Viewer = { issuer: 'i', subject: 'somebody else', roles: ['customer'] };

function command(more: Partial<ChangeStatus> = {}): ChangeStatus {
  return {
    viewer: OPEN_ADMIN,
    actor: actorOf(OPEN_ADMIN),
    to: 'CONFIRMED',
    expectedVersion: null,
    reason: null,
    field: ['input', 'id'],
    earlier: 'none',
    ...more,
  };
}

test('the checks come in the promised order: existence, key, version, same status, lifecycle', () => {
  // Each of these breaks every rule from its own on.
  const wrong = { viewer: stranger, earlier: 'other-request', expectedVersion: 9, to: 'DELIVERED' } as const;
  const codeOf = (more: Partial<ChangeStatus>) => {
    const decision = decideStatusChange(order, command(more), now);
    return decision.kind === 'refused' ? decision.refusal.code : decision.kind;
  };
  expect(codeOf(wrong)).toBe('INVALID_INPUT'); // NOT_FOUND
  expect(codeOf({ ...wrong, viewer: OPEN_ADMIN })).toBe('IDEMPOTENCY_MISMATCH');
  expect(codeOf({ ...wrong, viewer: OPEN_ADMIN, earlier: 'same-request' })).toBe('repeated');
  expect(codeOf({ ...wrong, viewer: OPEN_ADMIN, earlier: 'none' })).toBe('VERSION_CONFLICT');
  expect(codeOf({ expectedVersion: 9, to: 'PENDING' })).toBe('VERSION_CONFLICT');
  expect(codeOf({ to: 'PENDING', expectedVersion: 3 })).toBe('unchanged');
  expect(codeOf({ to: 'DELIVERED' })).toBe('INVALID_TRANSITION');
  expect(codeOf({})).toBe('changed');
});

test('an order that is not there is not found, like one of somebody else', () => {
  const absent = decideStatusChange(null, command(), now);
  const foreign = decideStatusChange(order, command({ viewer: stranger }), now);
  expect(absent).toEqual(foreign);
  expect(absent).toMatchObject({ refusal: { problems: [{ code: 'NOT_FOUND', field: ['input', 'id'] }] } });
});

test('customers move their own orders', () => {
  const owner: Viewer = { issuer: 'i', subject: 'me', roles: ['customer'] };
  expect(decideStatusChange(order, command({ viewer: owner, actor: actorOf(owner) }), now)).toMatchObject({
    kind: 'changed',
    event: { actor: { subject: 'me', kind: 'customer' } },
  });
});

test('every pair of statuses is decided as the lifecycle says, with one event for each change', () => {
  for (const from of ORDER_STATUSES) {
    for (const to of ORDER_STATUSES) {
      const decision = decideStatusChange({ ...order, status: from }, command({ to, reason: 'why' }), now);
      if (from === to) expect(decision.kind).toBe('unchanged');
      else if (!isAllowed(from, to)) expect(decision).toMatchObject({ refusal: { code: 'INVALID_TRANSITION', to } });
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
            changedFields: ['status'],
          },
        });
      }
    }
  }
});

test('time never goes back before the last change', () => {
  const later = new Date('2026-03-01T00:00:00Z');
  expect(decideStatusChange({ ...order, updatedAt: later }, command(), now)).toMatchObject({
    order: { updatedAt: later },
    event: { occurredAt: later },
  });
});

test('deciding changes nothing it was given', () => {
  const before = structuredClone(order);
  decideStatusChange(order, command({ to: 'CANCELLED' }), now);
  expect(order).toEqual(before);
});
