import { Field, ID, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { Metadata } from '../../domain/order.js';
import type { BatchPolicy } from '../../orders/bulk-orders.js';
import { Currency, Decimal, EmailAddress, JSONObject } from '../scalars.js';
import { AddressInput } from './address.js';
import { BatchPolicyEnum } from './enums.js';

@InputType('OrderItemInput', { description: 'A line to be ordered.' })
export class OrderItemInput {
  @Field(() => String, { nullable: true, description: 'Which product, by the id of the shop. At most 128 characters.' })
  readonly productId?: string | null;

  @Field(() => String, { nullable: true, description: 'Stock keeping unit. At most 128 characters.' })
  readonly sku?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What is ordered. At most 500 characters. Required, unless the server has a catalogue and the item a productId: then it is the catalogue's.",
  })
  readonly name?: string | null;

  @Field(() => Int, { defaultValue: 1, description: 'How many pieces, from 1 to 1,000,000.' })
  readonly quantity!: number;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "Price of one piece in major units of the order's currency, 0 or more, with no more decimals than the currency has. Required, unless the server has a catalogue and the item a productId: then it is the catalogue's.",
  })
  readonly unitPrice?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Reject with PRICE_CHANGED unless one piece costs this.',
  })
  readonly expectedUnitPrice?: DecimalInput | null;
}

@InputType('CreateOrderInput', { description: 'An order to be taken.' })
export class CreateOrderInput {
  @Field(() => ID, {
    nullable: true,
    description:
      'The id the order shall have: a UUID of version 4 or 7 that you made. The same id again answers the same order. Not together with `idempotencyKey`.',
  })
  readonly id?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters, that stands for this order: the same key again answers the same order. It never expires.',
  })
  readonly idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Whose order it is; leave it out for a guest. At most 128 characters.',
  })
  readonly customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the customer. At most 200 characters.' })
  readonly customerName?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the customer. At most 254 characters.' })
  readonly customerEmail?: string | null;

  @Field(() => Currency, { defaultValue: 'USD', description: 'Currency of every price in the order.' })
  readonly currency!: string;

  @Field(() => [OrderItemInput], { description: 'Its lines, 1 to 200.' })
  readonly items!: OrderItemInput[];

  @Field(() => String, { nullable: true, description: 'Remarks of the customer. At most 4,000 characters.' })
  readonly notes?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Your own name for the order, at most 128 characters. Unique among the orders of the customer (and among those of guests), else DUPLICATE.',
  })
  readonly externalReference?: string | null;

  @Field(() => AddressInput, { nullable: true, description: 'Where the goods go.' })
  readonly shippingAddress?: AddressInput | null;

  @Field(() => AddressInput, { nullable: true, description: 'Where the bill goes.' })
  readonly billingAddress?: AddressInput | null;

  @Field(() => Decimal, { nullable: true, description: 'What shipping costs, 0 or more; 0 where left out.' })
  readonly shipping?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What is taken off, from 0 to everything together; 0 where left out.',
  })
  readonly discount?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'What taxes add, 0 or more; 0 where left out.' })
  readonly tax?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Reject with TOTAL_MISMATCH unless this is subtotal + shipping + tax - discount.',
  })
  readonly expectedTotal?: DecimalInput | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'Your own facts about the order: a JSON object of at most 16,384 characters and 8 levels. Numbers are doubles; the order of keys is not kept.',
  })
  readonly metadata?: Metadata | null;
}

@InputType('CreateOrdersInput', { description: 'Orders to be taken together.' })
export class CreateOrdersInput {
  @Field(() => BatchPolicyEnum, {
    defaultValue: 'ALL_OR_NOTHING',
    description: 'What becomes of the good ones where one of them is rejected.',
  })
  readonly policy!: BatchPolicy;

  @Field(() => [CreateOrderInput], {
    description:
      'The orders, 1 to 100, with at most 2,000 items together. Give each an id or idempotencyKey to retry safely.',
  })
  readonly orders!: CreateOrderInput[];
}
