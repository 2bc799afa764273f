import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { EDITABLE_DETAILS, type EditableDetails } from './order-details.js';
import { subtotalOf, sumsOf, totalMismatch } from './order-draft.js';
import { isEqual } from './deep-equal.js';
import { duplicateReference, invalid, type FieldPath, type InputProblem } from './errors.js';
import { eventOf, timeOfChange } from './order-event.js';
import { editableStatusesOf, INITIAL_STATUS } from './lifecycle.js';
import { AMOUNTS, type Amounts, type Order, type OrderLine } from './order.js';

/** New details, amounts and lines. Omitted ones stay unchanged. */
export interface OrderUpdate {
  readonly details: Partial<EditableDetails>;
  readonly amounts: Partial<Amounts>;
  /** The expected total after the update, in minor units; null if none is expected. */
  readonly expectedTotal: bigint | null;
  /** The new lines of the order, or why they could not be priced; null keeps the current lines. */
  readonly lines: readonly OrderLine[] | { readonly problems: readonly InputProblem[] } | null;
}

/** Decides new details (in the statuses that are editable for the viewer), and new items and amounts (while PENDING). */
export function decideUpdate(order: Order, update: OrderUpdate, command: ChangeCommand, known: Known): Decision {
  const at = command.inputPath;
  const { lines } = update;
  if (lines !== null && 'problems' in lines) {
    const tooLate = notEditable(order, ['items'], command); // independent of their prices
    return { kind: 'rejected', rejection: invalid(tooLate.length > 0 ? tooLate : lines.problems) };
  }

  const details = EDITABLE_DETAILS.filter(
    (name) => name in update.details && !isEqual(update.details[name], order[name]),
  );
  const amounts = AMOUNTS.filter((name) => (update.amounts[name] ?? order[name]) !== order[name]);
  const newLines = lines !== null && !isEqual(lines, known.lines.map(bareLine)) ? lines : null;
  const changed: readonly string[] = [...details, ...(newLines === null ? [] : ['items']), ...amounts];

  const problems = notEditable(order, changed, command);
  if (details.includes('externalReference') && known.referenceTaken) {
    problems.push(duplicateReference([...at, 'externalReference']));
  }
  if (problems.length > 0) return { kind: 'rejected', rejection: invalid(problems) };
  const summed = sumsAfter(order, update, newLines, at);
  if ('problems' in summed) return { kind: 'rejected', rejection: invalid(summed.problems) };
  if (changed.length === 0) return { kind: 'unchanged', order };

  const chosen = Object.fromEntries(details.map((name) => [name, update.details[name]]));
  const updatedAt = timeOfChange(order, known.now);
  const next: Order = { ...order, ...chosen, ...summed.sums, version: order.version + 1, updatedAt };
  const money = (['subtotal', 'total'] as const).filter((name) => next[name] !== order[name]);
  const event = eventOf(order, next, { type: 'UPDATED', changedFields: [...changed, ...money] }, command);
  return { kind: 'changed', order: next, event, lines: newLines };
}

/** The sums after an update. A sum that is too large names the first given field that it depends on. */
function sumsAfter(
  order: Order,
  { amounts, expectedTotal, lines }: OrderUpdate,
  newLines: readonly OrderLine[] | null,
  at: FieldPath,
): ReturnType<typeof sumsOf> {
  const given = new Set([...(lines === null ? [] : ['items']), ...Object.keys(amounts)]);
  const first = (...names: readonly string[]) => [...at, names.find((name) => given.has(name)) ?? 'items'];
  const subtotal = newLines === null ? order.subtotal : subtotalOf(newLines);
  const summed = sumsOf(
    subtotal,
    { ...amountsOf(order), ...amounts },
    { gross: first('items', 'shipping', 'tax'), discount: first('discount', 'items', 'shipping', 'tax') },
  );
  if ('problems' in summed) return summed;
  const mismatch = totalMismatch(summed.sums.total, order.currency, expectedTotal, at);
  return mismatch === null ? summed : { problems: [mismatch] };
}

/** Items and amounts are final once the order is confirmed. */
const WHILE_PENDING: ReadonlySet<string> = new Set(['items', ...AMOUNTS]);

function notEditable(order: Order, changed: readonly string[], { viewer, inputPath }: ChangeCommand): InputProblem[] {
  return changed.flatMap((name) => {
    const statuses = WHILE_PENDING.has(name) ? [INITIAL_STATUS] : editableStatusesOf(viewer);
    if (statuses.includes(order.status)) return [];
    const message = `${name} can be changed only while the order is ${statuses.join(', ')}; it is ${order.status}.`;
    return { code: 'NOT_EDITABLE', message, field: [...inputPath, name] };
  });
}

function bareLine({ productId, sku, name, quantity, unitPrice, subtotal }: OrderLine): OrderLine {
  return { productId, sku, name, quantity, unitPrice, subtotal };
}

function amountsOf({ shipping, tax, discount }: Order): Amounts {
  return { shipping, tax, discount };
}
