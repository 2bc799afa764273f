import { Field, ID, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import { BULK_LIMITS, ORDER_LIMITS } from '../../domain/limits.js';
import type { BatchPolicy } from '../../orders/bulk-orders.js';
import { atMost, grouped } from '../description-texts.js';
import { Currency, Decimal } from '../scalars.js';
import { BatchPolicyEnum } from './enums.js';
import { OrderDetailsInput } from './details-input.js';

function defaultInCatalogue(what: string): string {
  return `Required, unless the server has a product catalogue and \`productId\` is given; the default is then the ${what} in the catalogue.`;
}

@InputType('OrderItemInput', { description: 'An item of an order: a product or service, its quantity and its price.' })
export class OrderItemInput {
  @Field(() => String, {
    nullable: true,
    description: `Id of the product. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.productId)}`,
  })
  readonly productId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Stock keeping unit. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.sku)}`,
  })
  readonly sku?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Name of the item. ${atMost(ORDER_LIMITS.itemName)} ${defaultInCatalogue('name')}`,
  })
  readonly name?: string | null;

  @Field(() => Int, { defaultValue: 1, description: `Number of units, 1 to ${grouped(ORDER_LIMITS.quantity)}.` })
  readonly quantity!: number;

  @Field(() => Decimal, {
    nullable: true,
    description: `Price of one unit in major units of the currency of the order: 0 or more, with at most the number of decimal places that ISO 4217 defines. ${defaultInCatalogue('price')}`,
  })
  readonly unitPrice?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Unit price that you expect. If it differs, the request is rejected with PRICE_CHANGED.',
  })
  readonly expectedUnitPrice?: DecimalInput | null;
}

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
    description: `Id of the customer in the client's system. Omit it for a guest order. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.customerId)}`,
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

@InputType('CreateOrdersInput', { description: 'Input of `createOrders`.' })
export class CreateOrdersInput {
  @Field(() => BatchPolicyEnum, {
    defaultValue: 'ALL_OR_NOTHING',
    description: 'Whether the valid orders in the request are stored if another order in it is rejected.',
  })
  readonly policy!: BatchPolicy;

  @Field(() => [CreateOrderInput], {
    description: `The orders, 1 to ${grouped(BULK_LIMITS.orders)}, with at most ${grouped(BULK_LIMITS.items)} items in total. Give each an \`id\` or \`idempotencyKey\` to make retries safe.`,
  })
  readonly orders!: CreateOrderInput[];
}
