import type { GraphQLFormattedError } from 'graphql';
import type { Context } from '../graphql/context.js';
import type { RequestCost } from '../graphql/cost.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';
import type { Charge } from '../rate-limit/charge.js';

/** The outcome of a request. */
export interface RequestOutcome {
  /** Null until the operation is found. */
  operation: PreparedOperation | null;
  /** Null until the operation is accepted. */
  cost: RequestCost | null;
  /** The errors of the response, when it is finished. */
  errors: readonly GraphQLFormattedError[] | undefined;
}

/** The context of a request over HTTP, with its charge to the rate limit and its outcome. */
export interface HttpContext extends Context {
  /** Null without a rate limit. */
  readonly charge: Charge | null;
  /** An object of its own, because Apollo copies the context. */
  readonly outcome: RequestOutcome;
}
