import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { duplicateReference, invalid, type InputProblem } from './errors.js';
import { eventOf, timeOfChange } from './order-event.js';
import type { Order } from './order.js';

export interface Assignment {
  readonly customerId: string;
}

/** Decides the assignment of a guest order to a customer, in any status. An order never changes from one customer to another. */
export function decideAssignment(
  order: Order,
  { customerId }: Assignment,
  command: ChangeCommand,
  { referenceTaken, now }: Known,
): Decision {
  if (order.customerId === customerId) return { kind: 'unchanged', order };
  const field = [...command.inputPath, 'customerId'];
  if (order.customerId !== null) return rejected({ code: 'NOT_EDITABLE', message: HAS_CUSTOMER, field });
  if (referenceTaken) return rejected(duplicateReference(field));
  const next: Order = { ...order, customerId, version: order.version + 1, updatedAt: timeOfChange(order, now) };
  const event = eventOf(order, next, { type: 'UPDATED', changedFields: ['customerId'] }, command);
  return { kind: 'changed', order: next, event, lines: null };
}

const HAS_CUSTOMER = 'Only an order without a customer can be assigned; this order has another customer.';

function rejected(problem: InputProblem): Decision {
  return { kind: 'rejected', rejection: invalid([problem]) };
}
