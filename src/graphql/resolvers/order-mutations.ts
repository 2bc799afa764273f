import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Info, Mutation, Resolver } from 'type-graphql';
import { CUSTOMER_LIFECYCLE, isAllowed, ORDER_STATUSES } from '../../domain/lifecycle.js';
import { ERASURE_LIMITS } from '../../domain/limits.js';
import { assignCustomer } from '../../orders/assign-customer.js';
import type { ChangeResult } from '../../orders/change-order.js';
import { createOrder } from '../../orders/create-order.js';
import { deleteOrder } from '../../orders/delete-order.js';
import { eraseCustomer } from '../../orders/erase-customer.js';
import { cancelOrder, transitionOrder } from '../../orders/transition-order.js';
import { updateOrder } from '../../orders/update-order.js';
import { afterWrite, keepItems, type Context } from '../context.js';
import { anyOf } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { toUserErrors } from '../user-errors.js';
import { AssignCustomerInput, AssignCustomerPayload } from '../types/assign-customer.js';
import { CancelOrderInput, CancelOrderPayload } from '../types/cancel-order.js';
import { CreateOrderInput, CreateOrderPayload } from '../types/create-order.js';
import { DeleteOrderInput, DeleteOrderPayload } from '../types/delete-order.js';
import { EraseCustomerInput, EraseCustomerPayload } from '../types/erase-customer.js';
import { UpdateOrderInput, UpdateOrderPayload } from '../types/update-order.js';
import { UpdateOrderStatusInput, UpdateOrderStatusPayload } from '../types/update-order-status.js';

/** The statuses from which an order cannot be cancelled. */
const NOT_CANCELLABLE = anyOf(
  ORDER_STATUSES.filter((status) => status !== 'CANCELLED' && !isAllowed(status, 'CANCELLED')),
);

const CANCELLABLE_BY_CUSTOMERS = anyOf(
  ORDER_STATUSES.filter((status) => CUSTOMER_LIFECYCLE[status].includes('CANCELLED')),
);

const VERSION_ERROR = '- VersionConflictError: VERSION_CONFLICT (the order does not have the expected version).';
const IDEMPOTENCY_ERROR =
  '- IdempotencyError: IDEMPOTENCY_MISMATCH (the idempotency key was already used with different input).';
const TRANSITION_ERROR = '- TransitionError: INVALID_TRANSITION (the lifecycle does not allow the status change).';

@Resolver()
export class OrderMutations {
  @Mutation(() => CreateOrderPayload, {
    nullable: true,
    description: `Creates an order. Requests with the same id or idempotency key create exactly one order, however often they are repeated.

userErrors:
- InputError: REQUIRED, INVALID or LIMIT_EXCEEDED (a value breaks a rule); DUPLICATE (another order has the external reference); TOTAL_MISMATCH (the total differs from \`expectedTotal\`); PRICE_CHANGED (a unit price differs from \`expectedUnitPrice\`); NOT_FOUND (the catalogue does not have the product); CATALOGUE_UNAVAILABLE (the product catalogue is unavailable).
- IdempotencyError: IDEMPOTENCY_MISMATCH (the id or idempotency key was already used with different input); ORDER_DELETED (the order with the id or idempotency key was deleted).`,
  })
  async createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'Input of `createOrder`.' }) input: CreateOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CreateOrderPayload> {
    const { services, caller } = context;
    const result = await createOrder(services.orders, input, caller);
    afterWrite(context, 'rejection' in result ? null : path.key);
    if ('rejection' in result) return { order: null, replayed: false, userErrors: toUserErrors(result.rejection) };
    keepItems(context, result);
    const { order, replayed } = result;
    return { order, replayed, userErrors: [] };
  }

  @Mutation(() => UpdateOrderStatusPayload, {
    nullable: true,
    description: `Changes the status of an order. If the order already has the status, the request succeeds with \`changed: false\`. Setting CANCELLED is equivalent to calling \`cancelOrder\` with reason OTHER.

userErrors:
- InputError: REQUIRED, INVALID or LIMIT_EXCEEDED (a value breaks a rule); NOT_FOUND (the order does not exist).
${TRANSITION_ERROR}
${VERSION_ERROR}
${IDEMPOTENCY_ERROR}`,
  })
  async updateOrderStatus(
    @Arg('input', () => UpdateOrderStatusInput, { description: 'Input of `updateOrderStatus`.' })
    input: UpdateOrderStatusInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderStatusPayload> {
    return toChangePayload(context, path, transitionOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => UpdateOrderPayload, {
    nullable: true,
    description: `Updates the details, items and amounts of an order and recalculates its total. If the order already has all of the given values, the request succeeds with \`changed: false\`.

userErrors:
- InputError: REQUIRED, INVALID or LIMIT_EXCEEDED (a value breaks a rule); NOT_FOUND (the order or a product does not exist); DUPLICATE (another order has the external reference); NOT_EDITABLE (the status does not allow the update); TOTAL_MISMATCH (the total differs from \`expectedTotal\`); PRICE_CHANGED (a unit price differs from \`expectedUnitPrice\`); CATALOGUE_UNAVAILABLE (the product catalogue is unavailable).
${VERSION_ERROR}
${IDEMPOTENCY_ERROR}`,
  })
  async updateOrder(
    @Arg('input', () => UpdateOrderInput, { description: 'Input of `updateOrder`.' }) input: UpdateOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<UpdateOrderPayload> {
    return toChangePayload(context, path, updateOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => CancelOrderPayload, {
    nullable: true,
    description: `Cancels an order. A customer may cancel its order while it is ${CANCELLABLE_BY_CUSTOMERS}. If the order is already cancelled, the request succeeds with \`changed: false\`.

userErrors:
- InputError: INVALID or LIMIT_EXCEEDED (a value breaks a rule); NOT_FOUND (the order does not exist).
- TransitionError: INVALID_TRANSITION (the order is ${NOT_CANCELLABLE}, or the viewer may not cancel it in its status).
${VERSION_ERROR}
${IDEMPOTENCY_ERROR}`,
  })
  async cancelOrder(
    @Arg('input', () => CancelOrderInput, { description: 'Input of `cancelOrder`.' }) input: CancelOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<CancelOrderPayload> {
    return toChangePayload(context, path, cancelOrder(context.services.orders, input, context.caller));
  }

  @Mutation(() => DeleteOrderPayload, {
    nullable: true,
    description: `Deletes an order permanently: its items, customer, details and tracking are erased. Its events remain, with the customer id and the reasons given; \`eraseCustomer\` erases these too. Its id stays reserved: \`createOrder\` with the same id or idempotency key is rejected with ORDER_DELETED. All other requests behave as if the order did not exist.

userErrors:
- InputError: INVALID or LIMIT_EXCEEDED (a value breaks a rule); NOT_FOUND (the order does not exist or is already deleted).
${VERSION_ERROR}
${IDEMPOTENCY_ERROR}`,
  })
  async deleteOrder(
    @Arg('input', () => DeleteOrderInput, { description: 'Input of `deleteOrder`.' }) input: DeleteOrderInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<DeleteOrderPayload> {
    const { services, caller } = context;
    const result = await deleteOrder(services.orders, input, caller);
    afterWrite(context, 'rejection' in result ? null : path.key);
    if ('rejection' in result) return { deletedOrderId: null, userErrors: toUserErrors(result.rejection) };
    return { deletedOrderId: result.order.id, userErrors: [] };
  }

  @Mutation(() => AssignCustomerPayload, {
    nullable: true,
    description: `Assigns a guest order to a customer, in any status. From then on the customer sees the order with its whole history. The external reference of the order must be unique among the orders of the customer; among the guest orders it is free again. If the order already belongs to the customer, the request succeeds with \`changed: false\`.

userErrors:
- InputError: INVALID or LIMIT_EXCEEDED (a value breaks a rule); NOT_FOUND (the order does not exist); NOT_EDITABLE (the order has another customer); DUPLICATE (another order of the customer has the external reference).
${VERSION_ERROR}
${IDEMPOTENCY_ERROR}`,
  })
  async assignCustomer(
    @Arg('input', () => AssignCustomerInput, { description: 'Input of `assignCustomer`.' }) input: AssignCustomerInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<AssignCustomerPayload> {
    return toChangePayload(context, path, assignCustomer(context.services.orders, input, context.caller));
  }

  @Extensions(costs({ own: ERASURE_LIMITS.orders }))
  @Mutation(() => EraseCustomerPayload, {
    nullable: true,
    description: `Erases the personal data of a customer permanently. Each order of the customer loses its customer, details and tracking, and gets an UPDATED event; its number, status, items, amounts and times remain. Its earlier events lose the customer id, the reasons given and the subject of the customer; so do those of the customer's deleted orders. Repeat the request until \`isComplete\` is true; a repetition is safe.

userErrors:
- InputError: INVALID or LIMIT_EXCEEDED (a value breaks a rule).`,
  })
  async eraseCustomer(
    @Arg('input', () => EraseCustomerInput, { description: 'Input of `eraseCustomer`.' }) input: EraseCustomerInput,
    @Ctx() context: Context,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<EraseCustomerPayload> {
    const { services, caller } = context;
    const result = await eraseCustomer(services.orders, input, caller);
    if ('rejection' in result) {
      afterWrite(context, null);
      return { erasedOrders: 0, isComplete: false, userErrors: toUserErrors(result.rejection) };
    }
    afterWrite(context, result.erasedOrders > 0 ? path.key : null);
    return { ...result, userErrors: [] };
  }
}

async function toChangePayload(
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
