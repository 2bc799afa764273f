import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import type { Rejection } from '../../domain/errors.js';
import { BULK_LIMITS } from '../../domain/limits.js';
import { createOrders, transitionOrders, type Rows } from '../../orders/bulk-orders.js';
import { afterWrite, keepItems, type Context } from '../context.js';
import { grouped } from '../description-texts.js';
import { requestErrorOf } from '../errors.js';
import { toUserErrors } from '../user-errors.js';
import { CreateOrdersInput, CreateOrdersPayload } from '../types/create-orders.js';
import type { Typed } from '../types/node.js';
import { UpdateOrderStatusesInput, UpdateOrderStatusesPayload } from '../types/update-order-statuses.js';
import type { UserError } from '../types/user-errors.js';

@Resolver()
export class BulkMutations {
  @Mutation(() => CreateOrdersPayload, {
    nullable: true,
    description: `Creates up to ${grouped(BULK_LIMITS.orders)} orders with at most ${grouped(BULK_LIMITS.items)} items in total. By default either all orders are stored or none; with the policy PARTIAL each order is stored or rejected independently. Idempotency works per order, as with \`createOrder\`.

userErrors of the request:
- InputError: REQUIRED (\`orders\` is empty); LIMIT_EXCEEDED (\`orders\` contains too many orders or items).

userErrors of an entry, in addition to those of \`createOrder\`:
- InputError: BATCH_ABORTED (the order is valid, but another order in the request was rejected); SERVICE_UNAVAILABLE (the server failed to process the entry).`,
  })
  async createOrders(
    @Arg('input', () => CreateOrdersInput, { description: 'Input of `createOrders`.' }) input: CreateOrdersInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CreateOrdersPayload> {
    const { services, caller } = context;
    const answer = await createOrders(services.orders, input, caller);
    afterWrite(context, hasStored(answer) ? path.key : null);
    if ('rejection' in answer) return { results: [], userErrors: toUserErrors(answer.rejection) };
    for (const row of answer.rows) if ('order' in row) keepItems(context, row);
    const results = toResults(answer.rows, ['input', 'orders'], { order: null, replayed: false }, services.report);
    return { results, userErrors: [] };
  }

  @Mutation(() => UpdateOrderStatusesPayload, {
    nullable: true,
    description: `Applies up to ${grouped(BULK_LIMITS.changes)} status changes. Each is applied or rejected independently. Changes to the same order are applied in the sequence given.

userErrors of the request:
- InputError: REQUIRED (\`changes\` is empty); LIMIT_EXCEEDED (\`changes\` contains too many entries).

userErrors of an entry, in addition to those of \`updateOrderStatus\`:
- InputError: SERVICE_UNAVAILABLE (the server failed to process the entry).`,
  })
  async updateOrderStatuses(
    @Arg('input', () => UpdateOrderStatusesInput, { description: 'Input of `updateOrderStatuses`.' })
    input: UpdateOrderStatusesInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderStatusesPayload> {
    const { services, caller } = context;
    const answer = await transitionOrders(services.orders, input.changes, caller);
    afterWrite(context, hasStored(answer) ? path.key : null);
    if ('rejection' in answer) return { results: [], userErrors: toUserErrors(answer.rejection) };
    const results = toResults(answer.rows, ['input', 'changes'], { order: null, changed: false }, services.report);
    return { results, userErrors: [] };
  }
}

/** Whether at least one row is stored. */
function hasStored<R extends object>(answer: Rows<R>): boolean {
  return 'rows' in answer && answer.rows.some((row) => !(row instanceof Error) && !('rejection' in row));
}

type Result<T> = T & { readonly index: number; readonly userErrors: Typed<UserError>[] };

/** A result for each row, in the sequence of the rows. */
function toResults<T extends object, R extends object>(
  rows: readonly (T | { readonly rejection: Rejection } | Error)[],
  field: readonly string[],
  rejected: R,
  report: (error: unknown) => string,
): Result<T | R>[] {
  return rows.map((row, index) => {
    if (row instanceof Error)
      return { ...rejected, index, userErrors: [failure(row, [...field, String(index)], report)] };
    if ('rejection' in row) return { ...rejected, index, userErrors: toUserErrors(row.rejection) };
    return { ...row, index, userErrors: [] };
  });
}

/** Reports the failure of one row in its own `userErrors`, because a top-level error would hide the results of the other rows. */
function failure(error: Error, field: readonly string[], report: (error: unknown) => string): Typed<UserError> {
  const expected = requestErrorOf(error);
  const message = expected?.message ?? `Something went wrong on the server (correlationId ${report(error)}).`;
  return { __typename: 'InputError', code: 'SERVICE_UNAVAILABLE', message, field, retryable: expected !== null };
}
