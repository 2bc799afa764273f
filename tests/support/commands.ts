import { randomUUID } from 'node:crypto';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import type { OrderStatus } from '../../src/domain/lifecycle.js';
import { actorOf } from '../../src/domain/viewer.js';
import type { ChangeOrder, CreateOrder } from '../../src/orders/interfaces/order-writer.js';
import { draftOrder } from './drafts.js';

/* Commands as the use cases pass them to the store. */

const ADMIN = { viewer: OPEN_ADMIN, actor: actorOf(OPEN_ADMIN) };

export function createCommand(notes: string, orderId: string = randomUUID()): CreateOrder {
  const drafted = draftOrder({ currency: 'USD', notes, items: [{ name: 'Tea', quantity: 1, unitPrice: '1' }] }, [
    'input',
  ]);
  if (!('draft' in drafted)) throw new Error('the draft is invalid');
  return {
    kind: 'create',
    orderId,
    commandId: randomUUID(),
    traceparent: null,
    ...ADMIN,
    draft: drafted.draft,
    fingerprint: Buffer.from(notes),
    inputPath: ['input'],
    identifiedBy: 'id',
  };
}

export function transitionCommand(orderId: string, to: OrderStatus, more: Partial<ChangeOrder> = {}): ChangeOrder {
  const change = { kind: 'status', to, cancelReason: 'OTHER', tracking: null } as const;
  return { ...changeOf(orderId), change, ...more };
}

export function deleteCommand(orderId: string): ChangeOrder {
  return { ...changeOf(orderId), change: { kind: 'delete' } };
}

function changeOf(orderId: string) {
  const base = { traceparent: null, expectedVersion: null, reason: null, key: null, inputPath: ['input'] };
  return { kind: 'change', orderId, commandId: randomUUID(), ...ADMIN, ...base } as const;
}
