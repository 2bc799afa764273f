import { completeDraft, requestOrder, type DraftInput } from '../../src/domain/order-draft.js';
import { priceLines } from '../../src/domain/order-lines.js';

/** Checks and adds up an order that brings all of its prices, as the application does without a catalogue. */
export function draftOrder(input: DraftInput, at: readonly string[]): ReturnType<typeof completeDraft> {
  const checked = requestOrder(input, at, false);
  if ('problems' in checked) return checked;
  const { request } = checked;
  const { currency } = request.details;
  const priced = priceLines(request.lines, currency, new Map(), [...at, 'items']);
  return 'problems' in priced ? priced : completeDraft(request, priced.lines, at);
}
