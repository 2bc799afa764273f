import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { forgetReads, type Context } from '../context.js';
import { toUserErrors } from '../refusals.js';
import { CreateOrderInput, UpdateOrderStatusInput } from '../types/inputs.js';
import { CreateOrderPayload, UpdateOrderStatusPayload } from '../types/payloads.js';

@Resolver()
export class OrderMutations {
  @Mutation(() => CreateOrderPayload, {
    description: `Takes an order: exactly one for each id or idempotency key, however often and from wherever it is asked for.

userErrors: REQUIRED, INVALID and LIMIT_EXCEEDED for a value that breaks a rule (InputError); IDEMPOTENCY_MISMATCH and ORDER_DELETED (IdempotencyError).`,
  })
  async createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'The order.' }) input: CreateOrderInput,
    @Ctx() context: Context,
  ): Promise<CreateOrderPayload> {
    const { services, viewer, patience } = context;
    const result = await services.placeOrder(input, viewer, patience);
    forgetReads(context);
    if ('refusal' in result) return { order: null, replayed: false, userErrors: toUserErrors(result.refusal) };
    return { ...result, userErrors: [] };
  }

  @Mutation(() => UpdateOrderStatusPayload, {
    description: `Moves an order to another status. The status it has already is success with \`changed: false\`.

userErrors: INVALID and LIMIT_EXCEEDED for a value that breaks a rule, NOT_FOUND (InputError); INVALID_TRANSITION (TransitionError); VERSION_CONFLICT (VersionConflictError); IDEMPOTENCY_MISMATCH (IdempotencyError).`,
  })
  async updateOrderStatus(
    @Arg('input', () => UpdateOrderStatusInput, { description: 'The change.' }) input: UpdateOrderStatusInput,
    @Ctx() context: Context,
  ): Promise<UpdateOrderStatusPayload> {
    const { services, viewer, patience } = context;
    const result = await services.transitionOrder(input, viewer, patience);
    forgetReads(context);
    if ('refusal' in result) return { order: null, changed: false, userErrors: toUserErrors(result.refusal) };
    return { ...result, userErrors: [] };
  }
}
