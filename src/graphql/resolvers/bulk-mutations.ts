import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import type { Rejection } from '../../domain/errors.js';
import { createOrders, transitionOrders, type Rows } from '../../orders/bulk-orders.js';
import { afterWrite, type Context } from '../context.js';
import { requestErrorOf } from '../errors.js';
import { toUserErrors } from '../user-errors.js';
import { UpdateOrderStatusesInput } from '../types/change-inputs.js';
import { CreateOrdersInput } from '../types/create-inputs.js';
import type { Typed } from '../types/node.js';
import { CreateOrdersPayload, UpdateOrderStatusesPayload } from '../types/payloads.js';
import type { UserError } from '../types/user-errors.js';

@Resolver()
export class BulkMutations {
  @Mutation(() => CreateOrdersPayload, {
    nullable: true,
    description: `Takes up to 100 orders with at most 2,000 items together, all of them or none, or each for itself. Each row is as idempotent as \`createOrder\`.

userErrors of a row: those of \`createOrder\`; BATCH_ABORTED for a good row of a request that was rejected, SERVICE_UNAVAILABLE for one that could not be done now (InputError). Of the whole: REQUIRED for no orders, LIMIT_EXCEEDED for too many (InputError).`,
  })
  async createOrders(
    @Arg('input', () => CreateOrdersInput, { description: 'The orders.' }) input: CreateOrdersInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CreateOrdersPayload> {
    const { services, caller } = context;
    const answer = await createOrders(services.orders, input, caller);
    afterWrite(context, hasStored(answer) ? path.key : null);
    if ('rejection' in answer) return { results: [], userErrors: toUserErrors(answer.rejection) };
    const results = toResults(answer.rows, ['input', 'orders'], { order: null, replayed: false }, services.report);
    return { results, userErrors: [] };
  }

  @Mutation(() => UpdateOrderStatusesPayload, {
    nullable: true,
    description: `Changes up to 100 statuses, each for itself; those of one order one after the other, as they stand.

userErrors of a row: those of \`updateOrderStatus\`; SERVICE_UNAVAILABLE for one that could not be done now (InputError). Of the whole: REQUIRED for no changes, LIMIT_EXCEEDED for too many (InputError).`,
  })
  async updateOrderStatuses(
    @Arg('input', () => UpdateOrderStatusesInput, { description: 'The changes.' }) input: UpdateOrderStatusesInput,
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

/** An answer for each row, in its place. */
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

/** A row that failed must not take the others' answers along, so what would be a top-level error is told beside it. */
function failure(error: Error, field: readonly string[], report: (error: unknown) => string): Typed<UserError> {
  const expected = requestErrorOf(error);
  const message = expected?.message ?? `Something went wrong on the server (correlationId ${report(error)}).`;
  return { __typename: 'InputError', code: 'SERVICE_UNAVAILABLE', message, field, retryable: expected !== null };
}
