import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { renewContext, type Context, type EventCharge } from '../graphql/context.js';
import { toGraphQLError } from '../graphql/errors.js';
import { sentBy, type LogPoint } from '../graphql/last-cursor.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';
import type { ObservedSubscription } from './observed-subscription.js';
import type { RunInSlices } from './slices.js';

export type SubscriptionArgs = Omit<ExecutionArgs, 'contextValue'> & {
  readonly schema: GraphQLSchema;
  readonly contextValue: Context;
  readonly operation: PreparedOperation;
  readonly charge: EventCharge;
  /** Called when the subscription is set up or rejected. */
  readonly onStarted: () => void;
  /** Called with the last event that was sent, or with the start of the subscription. */
  readonly onSent: (last: LogPoint | null) => void;
  readonly observed: ObservedSubscription;
};

/**
 * Replaces `subscribe` of graphql-js. Each event is executed with a new context, because loaders cache what they read, and
 * in slices, because one event can have many subscribers. An error of the source ends the subscription, not the socket.
 */
export async function subscribeInSlices(
  args: SubscriptionArgs,
  runInSlices: RunInSlices,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSource(args).finally(args.onStarted);
  const { operation, contextValue, charge, onSent, observed } = args;
  if (!(Symbol.asyncIterator in source)) {
    observed.rejected(source.errors ?? []);
    return source;
  }
  observed.started();
  const events = source[Symbol.asyncIterator]();
  const inputs = args.variableValues ?? {};
  const variables = operation.coerceVariables(inputs) ?? {}; // checked when the subscription began
  let over = false;

  async function answer(event: unknown): Promise<ExecutionResult> {
    return runInSlices(charge.event, () => {
      if (over) return {}; // the subscription ended while the event waited
      return operation.execute({ rootValue: event, context: renewContext(contextValue), variables });
    });
  }

  return {
    async next() {
      if (over) return { done: true, value: undefined };
      onSent(sentBy(source)); // the event before is sent when the next one is requested
      try {
        const step = await events.next();
        if (step.done === true) {
          observed.completed();
          return { done: true, value: undefined };
        }
        const value = await answer(step.value);
        return over ? { done: true, value: undefined } : { done: false, value };
      } catch (cause) {
        over = true;
        observed.failed(cause);
        return { done: false, value: { errors: [toGraphQLError(cause)] } };
      }
    },
    async return() {
      over = true;
      observed.returned();
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator](): AsyncIterableIterator<ExecutionResult> {
      return this as AsyncIterableIterator<ExecutionResult>;
    },
  };
}

/** graphql-js throws unexpected errors; here they become the result of one subscription. */
async function createSource(args: SubscriptionArgs): Promise<AsyncIterable<unknown> | ExecutionResult> {
  try {
    return await createSourceEventStream(args);
  } catch (cause) {
    return { errors: [toGraphQLError(cause)] };
  }
}
