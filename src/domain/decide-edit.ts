import type { ChangeCommand, Decision, Known } from './decide.js';
import { EDITABLE_DETAILS, type EditableDetails } from './details.js';
import { sumsOf } from './draft.js';
import { isEqual } from './equal.js';
import { invalid, type FieldPath, type InputProblem } from './errors.js';
import { eventOf, timeOfChange } from './events.js';
import { EDITABLE_STATUSES, INITIAL_STATUS } from './lifecycle.js';
import type { Order, OrderLine, Sums } from './order.js';

/** New details and lines; what is left out stays. */
export interface OrderEdit {
  readonly details: Partial<EditableDetails>;
  /** All lines of the order from now on, or why they could not be priced; null keeps those it has. */
  readonly lines: readonly OrderLine[] | { readonly problems: readonly InputProblem[] } | null;
}

/** Decides new details (until the order is shipped) and new items (while it is PENDING). */
export function decideEdit(order: Order, edit: OrderEdit, command: ChangeCommand, known: Known): Decision {
  const at = command.field.slice(0, -1);
  const { lines } = edit;
  if (lines !== null && 'problems' in lines) {
    const tooLate = notEditable(order, ['items'], at); // whatever their prices are
    return { kind: 'refused', refusal: invalid(tooLate.length > 0 ? tooLate : lines.problems) };
  }

  const details = EDITABLE_DETAILS.filter((name) => name in edit.details && !isEqual(edit.details[name], order[name]));
  const newLines = lines !== null && !isEqual(lines, known.lines.map(bareLine)) ? lines : null;
  const changed: readonly string[] = newLines === null ? details : [...details, 'items'];
  if (changed.length === 0) return { kind: 'unchanged', order };

  const problems = notEditable(order, changed, at);
  if (details.includes('externalReference') && known.referenceTaken) {
    problems.push(duplicateReference([...at, 'externalReference']));
  }
  if (problems.length > 0) return { kind: 'refused', refusal: invalid(problems) };
  const summed = newLines === null ? { sums: sumsOfOrder(order) } : sumsOf(newLines, order, at);
  if ('problems' in summed) return { kind: 'refused', refusal: invalid(inItems(summed.problems, at)) };

  const { sums } = summed;
  const chosen = Object.fromEntries(details.map((name) => [name, edit.details[name]]));
  const updatedAt = timeOfChange(order, known.now);
  const next: Order = { ...order, ...chosen, ...sums, version: order.version + 1, updatedAt };
  const money = (['subtotal', 'total'] as const).filter((name) => next[name] !== order[name]);
  const event = eventOf(order, next, { type: 'UPDATED', changedFields: [...changed, ...money] }, command);
  return { kind: 'changed', order: next, event, lines: newLines };
}

/** What is said of an external reference that another order of the same customer has. */
export function duplicateReference(field: FieldPath): InputProblem {
  const message = 'Another order of this customer has this externalReference.';
  return { code: 'DUPLICATE', message, field };
}

function notEditable(order: Order, changed: readonly string[], at: FieldPath): InputProblem[] {
  return changed.flatMap((name) => {
    const statuses = name === 'items' ? [INITIAL_STATUS] : EDITABLE_STATUSES;
    if (statuses.includes(order.status)) return [];
    const message = `${name} can be changed only while the order is ${statuses.join(', ')}; it is ${order.status}.`;
    return { code: 'NOT_EDITABLE', message, field: [...at, name] };
  });
}

/** The new items are to blame for a discount that is now too large: the caller gave nothing else. */
function inItems(problems: readonly InputProblem[], at: FieldPath): readonly InputProblem[] {
  return problems.map(({ code, message }) => ({ code, message, field: [...at, 'items'] }));
}

function bareLine({ productId, sku, name, quantity, unitPrice, subtotal }: OrderLine): OrderLine {
  return { productId, sku, name, quantity, unitPrice, subtotal };
}

function sumsOfOrder({ subtotal, shipping, tax, discount, total }: Order): Sums {
  return { subtotal, shipping, tax, discount, total };
}

/** Decides a deletion: lines and personal data go; what is needed to answer replays and add up histories stays. */
export function decideDeletion(order: Order, command: ChangeCommand, { now }: Known): Decision {
  const at = timeOfChange(order, now);
  const next: Order = {
    ...order,
    customerId: null,
    customerName: null,
    customerEmail: null,
    notes: null,
    externalReference: null,
    shippingAddress: null,
    billingAddress: null,
    metadata: {},
    tracking: null,
    version: order.version + 1,
    updatedAt: at,
    deletedAt: at,
  };
  const event = eventOf(order, next, { type: 'DELETED', changedFields: [] }, command);
  return { kind: 'changed', order: next, event, lines: [] };
}
