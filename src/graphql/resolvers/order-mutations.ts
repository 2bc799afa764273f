import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { isAllowed, ORDER_STATUSES } from '../../domain/lifecycle.js';
import type { ChangeResult } from '../../orders/change-order.js';
import { createOrder } from '../../orders/create-order.js';
import { deleteOrder } from '../../orders/delete-order.js';
import { cancelOrder, transitionOrder } from '../../orders/transition-order.js';
import { updateOrder } from '../../orders/update-order.js';
import { afterWrite, type Context } from '../context.js';
import { anyOf } from '../description-texts.js';
import { toUserErrors } from '../user-errors.js';
import {
  CancelOrderInput,
  DeleteOrderInput,
  UpdateOrderInput,
  UpdateOrderStatusInput,
} from '../types/change-inputs.js';
import { CreateOrderInput } from '../types/create-inputs.js';
import {
  CancelOrderPayload,
  CreateOrderPayload,
  DeleteOrderPayload,
  UpdateOrderPayload,
  UpdateOrderStatusPayload,
} from '../types/payloads.js';

/** The statuses from which an order cannot be cancelled. */
const NOT_CANCELLABLE = anyOf(
  ORDER_STATUSES.filter((status) => status !== 'CANCELLED' && !isAllowed(status, 'CANCELLED')),
);

@Resolver()
export class OrderMutations {
  @Mutation(() => CreateOrderPayload, {
    nullable: true,
    description: `Creates an order. Requests with the same id or idempotency key create exactly one order, however often they are repeated.

userErrors: REQUIRED, INVALID, LIMIT_EXCEEDED if a value breaks a rule, DUPLICATE if another order has the external reference, TOTAL_MISMATCH, PRICE_CHANGED if the amount differs from the expected one, NOT_FOUND if the catalogue does not have the product, CATALOGUE_UNAVAILABLE (InputError); IDEMPOTENCY_MISMATCH, ORDER_DELETED (IdempotencyError).`,
  })
  async createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'The new order.' }) input: CreateOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CreateOrderPayload> {
    const { services, caller } = context;
    const result = await createOrder(services.orders, input, caller);
    afterWrite(context, 'rejection' in result ? null : path.key);
    if ('rejection' in result) return { order: null, replayed: false, userErrors: toUserErrors(result.rejection) };
    return { ...result, userErrors: [] };
  }

  @Mutation(() => UpdateOrderStatusPayload, {
    nullable: true,
    description: `Changes the status of an order. If the order already has the status, the request succeeds with \`changed: false\`. The status CANCELLED is the same as \`cancelOrder\` with reason OTHER.

userErrors: REQUIRED, INVALID, LIMIT_EXCEEDED if a value breaks a rule, NOT_FOUND if the order does not exist (InputError); INVALID_TRANSITION (TransitionError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async updateOrderStatus(
    @Arg('input', () => UpdateOrderStatusInput, { description: 'The status change.' }) input: UpdateOrderStatusInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderStatusPayload> {
    return changePayload(context, path, transitionOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => UpdateOrderPayload, {
    nullable: true,
    description: `Updates details, items and amounts of an order and recalculates its total. If the order already has all values, the request succeeds with \`changed: false\`.

userErrors: REQUIRED, INVALID, LIMIT_EXCEEDED if a value breaks a rule, NOT_FOUND if the order or a product does not exist, DUPLICATE if another order has the external reference, NOT_EDITABLE if the status does not allow the update, TOTAL_MISMATCH, PRICE_CHANGED if the amount differs from the expected one, CATALOGUE_UNAVAILABLE (InputError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async updateOrder(
    @Arg('input', () => UpdateOrderInput, { description: 'The update.' }) input: UpdateOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderPayload> {
    return changePayload(context, path, updateOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => CancelOrderPayload, {
    nullable: true,
    description: `Cancels an order. If the order is already cancelled, the request succeeds with \`changed: false\`.

userErrors: INVALID, LIMIT_EXCEEDED if a value breaks a rule, NOT_FOUND if the order does not exist (InputError); INVALID_TRANSITION if the order is ${NOT_CANCELLABLE} (TransitionError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async cancelOrder(
    @Arg('input', () => CancelOrderInput, { description: 'The cancellation.' }) input: CancelOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CancelOrderPayload> {
    return changePayload(context, path, cancelOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => DeleteOrderPayload, {
    nullable: true,
    description: `Deletes an order permanently: its items, personal data, notes and metadata are erased. Its events remain, with the customer id and the reasons that were given. Its id stays reserved: \`createOrder\` with the same id or idempotency key is rejected with ORDER_DELETED. All other requests behave as if the order did not exist.

userErrors: INVALID, LIMIT_EXCEEDED if a value breaks a rule, NOT_FOUND if the order does not exist or is already deleted (InputError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async deleteOrder(
    @Arg('input', () => DeleteOrderInput, { description: 'The deletion.' }) input: DeleteOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<DeleteOrderPayload> {
    const { services, caller } = context;
    const result = await deleteOrder(services.orders, input, caller);
    afterWrite(context, 'rejection' in result ? null : path.key);
    if ('rejection' in result) return { deletedOrderId: null, userErrors: toUserErrors(result.rejection) };
    return { deletedOrderId: result.order.id, userErrors: [] };
  }
}

async function changePayload(
  context: Context,
  path: GraphQLResolveInfo['path'],
  change: Promise<ChangeResult>,
): Promise<UpdateOrderStatusPayload> {
  const result = await change;
  afterWrite(context, 'rejection' in result ? null : path.key);
  if ('rejection' in result) return { order: null, changed: false, userErrors: toUserErrors(result.rejection) };
  const { order, changed } = result;
  return { order: order.deletedAt === null ? order : null, changed, userErrors: [] }; // deleted since, perhaps
}
