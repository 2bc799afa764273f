import { Extensions, Field, ID, InputType, ObjectType } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { Order } from '../../domain/order.js';
import { atMost, grouped } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { Currency, Decimal } from '../scalars.js';
import { OrderDetailsInput } from './details-input.js';
import { OrderItemInput } from './item-input.js';
import { OrderType } from './order.js';
import { MAX_USER_ERRORS, USER_ERRORS, UserError } from './user-errors.js';

@InputType('CreateOrderInput', { description: 'Input of `createOrder`.' })
export class CreateOrderInput extends OrderDetailsInput {
  @Field(() => ID, {
    nullable: true,
    description:
      'Id of the new order: a UUID of version 4 or 7 that you generate. A repeated request with the same id returns the same order; with different input it is rejected with IDEMPOTENCY_MISMATCH. Cannot be combined with `idempotencyKey`. If both are omitted, the server generates an id.',
  })
  readonly id?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `A key of your choice that makes retries safe: a repeated request with the same key returns the same order; with different input it is rejected with IDEMPOTENCY_MISMATCH. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)} Cannot be combined with \`id\`.`,
  })
  readonly idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Id of the customer in the client's system. If omitted, the order is a guest order; that of a customer has the subject of its token. Customers cannot send another id. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.customerId)}`,
  })
  readonly customerId?: string | null;

  @Field(() => Currency, { defaultValue: 'USD', description: 'Currency of all amounts of the order.' })
  readonly currency!: string;

  @Field(() => [OrderItemInput], { description: `Items of the order, 1 to ${grouped(ORDER_LIMITS.items)}.` })
  readonly items!: OrderItemInput[];

  @Field(() => Decimal, { nullable: true, description: 'Shipping cost, 0 or more. Default: 0.' })
  readonly shipping?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Discount, from 0 to subtotal + shipping + tax. Default: 0.',
  })
  readonly discount?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'Tax, 0 or more. Default: 0.' })
  readonly tax?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'Total that you expect: subtotal + shipping + tax - discount. If it differs, the request is rejected with TOTAL_MISMATCH.',
  })
  readonly expectedTotal?: DecimalInput | null;
}

@ObjectType('CreateOrderPayload', { description: 'Result of `createOrder`.', simpleResolvers: true })
export class CreateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order; null if the request was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether an earlier request with the same id or idempotency key created the order.',
  })
  readonly replayed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
