import type { Context } from '../graphql/context.js';
import type { RequestCost } from '../graphql/cost.js';
import type { Charge } from '../rate-limit/charge.js';

/** The context of a request over HTTP, with its cost and what it takes from the rate limit. */
export interface HttpContext extends Context {
  /** Null without a rate limit. */
  readonly charge: Charge | null;
  /** Null until the operation is accepted. */
  cost: RequestCost | null;
}
