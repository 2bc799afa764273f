import type { GraphQLError } from 'graphql';
import type { EventCharge } from '../graphql/context.js';
import { requestErrorOf, toGraphQLError } from '../graphql/errors.js';
import type { Charge } from '../rate-limit/charge.js';
import type { PreparedSubscription, SubscriptionRequest } from './subscription-documents.js';

type Prepared = PreparedSubscription | readonly GraphQLError[];

interface Preparation {
  /** Whether the document is known, so that it is neither parsed nor validated. */
  readonly isKnown: boolean;
  readonly prepare: () => Prepared;
}

/** Prepares a subscription under the rate limit. It takes the requested cost of one event when it begins. */
export async function chargeSubscription(
  charge: Charge,
  request: SubscriptionRequest,
  { isKnown, prepare }: Preparation,
): Promise<Prepared> {
  const rejection = charge.rejectionOnArrival();
  if (rejection !== null) return [toGraphQLError(rejection)];
  try {
    if (!isKnown) await charge.takeDocument(request.query.length);
    const prepared = prepare();
    if ('operation' in prepared) await charge.takeRequested(prepared.cost);
    else charge.end();
    return prepared;
  } catch (cause) {
    if (requestErrorOf(cause)?.code !== 'THROTTLED') throw cause;
    return [toGraphQLError(cause)];
  }
}

/** @param charge null without a rate limit */
export function eventCharge(charge: Charge | null, event: number): EventCharge {
  return {
    event,
    payAtOnce: (points) => charge?.takeMore(points),
    pay: async (points, signal) => charge?.takeInBackground(points, signal),
  };
}
