import { completeDraft, validateOrderRequest, type DraftInput } from '../../src/domain/order-draft.js';
import { priceLines } from '../../src/domain/order-lines.js';

/** Validates and totals an order whose items all have prices, as the use case does without a product service. */
export function draftOrder(input: DraftInput, at: readonly string[]): ReturnType<typeof completeDraft> {
  const checked = validateOrderRequest(input, at, false);
  if ('problems' in checked) return checked;
  const { request } = checked;
  const { currency } = request.details;
  const priced = priceLines(request.lines, currency, new Map(), [...at, 'items']);
  return 'problems' in priced ? priced : completeDraft(request, priced.lines, at);
}
