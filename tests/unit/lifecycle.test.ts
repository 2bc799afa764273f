import { expect, test } from 'vitest';
import {
  CUSTOMER_EDITABLE_STATUSES,
  CUSTOMER_LIFECYCLE,
  EDITABLE_STATUSES,
  INITIAL_STATUS,
  isAllowed,
  LIFECYCLE,
  ORDER_STATUSES,
  transitionsOf,
  type OrderStatus,
} from '../../src/domain/lifecycle.js';
import type { Role } from '../../src/domain/viewer.js';

test('every status can be reached from the initial one, and every target is a status', () => {
  const reached = new Set<OrderStatus>([INITIAL_STATUS]);
  for (const status of reached) for (const next of LIFECYCLE[status]) reached.add(next); // includes statuses added by the loop
  expect([...reached].sort()).toEqual([...ORDER_STATUSES].sort());
});

test('no status has a transition to itself, and no transition is reversible', () => {
  for (const from of ORDER_STATUSES) {
    expect(isAllowed(from, from)).toBe(false);
    for (const to of LIFECYCLE[from]) expect(isAllowed(to, from)).toBe(false);
  }
});

test('only COMPLETED and CANCELLED have no further transitions', () => {
  expect(ORDER_STATUSES.filter((status) => LIFECYCLE[status].length === 0)).toEqual(['COMPLETED', 'CANCELLED']);
});

test('an order that has been shipped cannot be cancelled', () => {
  const cancellable = ORDER_STATUSES.filter((status) => isAllowed(status, 'CANCELLED'));
  expect(cancellable).toEqual(['PENDING', 'CONFIRMED', 'PROCESSING']);
});

test('a customer may make no transition and no update that staff may not make', () => {
  for (const from of ORDER_STATUSES) {
    expect(LIFECYCLE[from]).toEqual(expect.arrayContaining([...CUSTOMER_LIFECYCLE[from]]));
  }
  expect(EDITABLE_STATUSES).toEqual(expect.arrayContaining([...CUSTOMER_EDITABLE_STATUSES]));
});

test('a viewer has the transitions of its strongest role; without a known role, those of a customer', () => {
  const pendingFor = (...roles: Role[]) => transitionsOf({ issuer: '', subject: 'ann', roles }, 'PENDING');
  expect(pendingFor('customer')).toEqual(['CANCELLED']);
  expect(pendingFor()).toEqual(['CANCELLED']);
  for (const role of ['staff', 'admin'] as const) {
    expect(pendingFor('customer', role)).toEqual(['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED']);
  }
});
