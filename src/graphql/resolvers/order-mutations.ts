import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import type { ChangeResult } from '../../orders/change-order.js';
import { createOrder } from '../../orders/create-order.js';
import { deleteOrder } from '../../orders/delete-order.js';
import { cancelOrder, transitionOrder } from '../../orders/transition-order.js';
import { updateOrder } from '../../orders/update-order.js';
import { afterWrite, type Context } from '../context.js';
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

@Resolver()
export class OrderMutations {
  @Mutation(() => CreateOrderPayload, {
    nullable: true,
    description: `Takes an order: exactly one for each id or idempotency key, however often and from wherever it is asked for.

userErrors: REQUIRED, INVALID and LIMIT_EXCEEDED for a value that breaks a rule, DUPLICATE for an external reference that another order has, TOTAL_MISMATCH and PRICE_CHANGED where something else was expected, NOT_FOUND for a product that the catalogue does not know, CATALOGUE_UNAVAILABLE (InputError); IDEMPOTENCY_MISMATCH and ORDER_DELETED (IdempotencyError).`,
  })
  async createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'The order.' }) input: CreateOrderInput,
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
    description: `Transitions an order to another status. The status it has already is success with \`changed: false\`. To CANCELLED is the same as \`cancelOrder\` for reason OTHER.

userErrors: REQUIRED, INVALID and LIMIT_EXCEEDED for a value that breaks a rule, NOT_FOUND (InputError); INVALID_TRANSITION (TransitionError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async updateOrderStatus(
    @Arg('input', () => UpdateOrderStatusInput, { description: 'The change.' }) input: UpdateOrderStatusInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderStatusPayload> {
    return changePayload(context, path, transitionOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => UpdateOrderPayload, {
    nullable: true,
    description: `Updates an order: name and e-mail address of the customer, addresses, notes, metadata and external reference until it is shipped; items, shipping, tax and discount while it is PENDING. The total is computed anew. Values that the order has already are success with \`changed: false\`.

userErrors: REQUIRED, INVALID and LIMIT_EXCEEDED for a value that breaks a rule, NOT_FOUND for the order or a product, DUPLICATE for an external reference that another order has, NOT_EDITABLE, TOTAL_MISMATCH and PRICE_CHANGED where something else was expected, CATALOGUE_UNAVAILABLE (InputError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async updateOrder(
    @Arg('input', () => UpdateOrderInput, { description: 'The change.' }) input: UpdateOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderPayload> {
    return changePayload(context, path, updateOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => CancelOrderPayload, {
    nullable: true,
    description: `Calls an order off. One that is cancelled already is success with \`changed: false\`.

userErrors: INVALID and LIMIT_EXCEEDED for a value that breaks a rule, NOT_FOUND (InputError); INVALID_TRANSITION once it is shipped or completed (TransitionError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async cancelOrder(
    @Arg('input', () => CancelOrderInput, { description: 'Which one, and why.' }) input: CancelOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CancelOrderPayload> {
    return changePayload(context, path, cancelOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => DeleteOrderPayload, {
    nullable: true,
    description: `Deletes an order: its items, and all that it says of persons, go for good. Its events stay, with the customer's id and the reasons that were given. Its id stays used: creating it again answers ORDER_DELETED, whatever is asked for, and everywhere else there is no such order any more. The same request again under its idempotency key is answered as the first one was.

userErrors: INVALID and LIMIT_EXCEEDED for a value that breaks a rule, NOT_FOUND, also for one that is deleted already (InputError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async deleteOrder(
    @Arg('input', () => DeleteOrderInput, { description: 'Which one.' }) input: DeleteOrderInput,
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
