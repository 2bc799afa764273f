import { RequestError } from '../domain/errors.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import { kindsOf, type OrderEventType } from '../domain/order-event.js';
import type { EventFilter } from '../orders/interfaces/event-log.js';
import { lookupArgument, LOOKUP_LIMITS, orderIdArgument } from './arguments.js';
import { assertNoNull } from './null-arguments.js';

/** The arguments that select events. */
export interface EventArguments {
  readonly orderId?: string | null | undefined;
  readonly customerId?: string | null | undefined;
  readonly types?: readonly OrderEventType[] | null | undefined;
  readonly to?: readonly OrderStatus[] | null | undefined;
}

/** Maximum number of values of a list, which the client may repeat. */
const MAX_VALUES = 100;

/** @throws RequestError BAD_USER_INPUT that names the argument */
export function eventFilter({ orderId, customerId, types, to }: EventArguments): EventFilter {
  assertNoNull({ orderId, customerId, types, to }, '');
  if (typeof customerId === 'string') lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
  for (const [argument, values] of Object.entries({ types, to })) {
    if ((values?.length ?? 0) <= MAX_VALUES) continue;
    const message = `${argument} must have at most ${MAX_VALUES} values.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
  }
  return {
    orderId: typeof orderId === 'string' ? orderIdArgument('orderId', orderId) : null,
    customerId: customerId ?? null,
    kinds: kindsOf(types ?? null, to ?? null),
  };
}
