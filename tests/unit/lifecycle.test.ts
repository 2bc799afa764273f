import { expect, test } from 'vitest';
import { INITIAL_STATUS, isAllowed, LIFECYCLE, ORDER_STATUSES, type OrderStatus } from '../../src/domain/lifecycle.js';

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
