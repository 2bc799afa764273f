import { Field, ID, InputType, Int } from 'type-graphql';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { SortDirection } from '../../orders/ports.js';
import { Currency, Decimal, EmailAddress } from '../scalars.js';
import { OrderSortFieldEnum, OrderStatusEnum, SortDirectionEnum } from './enums.js';

@InputType('OrderItemInput', { description: 'A line to be ordered.' })
export class OrderItemInput {
  @Field(() => String, { nullable: true, description: 'Which product, by the id of the shop. At most 128 characters.' })
  readonly productId?: string | null;

  @Field(() => String, { nullable: true, description: 'Stock keeping unit. At most 128 characters.' })
  readonly sku?: string | null;

  @Field(() => String, { nullable: true, description: 'What is ordered; required. At most 500 characters.' })
  readonly name?: string | null;

  @Field(() => Int, { defaultValue: 1, description: 'How many pieces, from 1 to 1,000,000.' })
  readonly quantity!: number;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "Price of one piece in major units of the order's currency, 0 or more, with no more decimals than the currency has; required.",
  })
  readonly unitPrice?: string | null;
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

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the customer.' })
  readonly customerEmail?: string | null;

  @Field(() => Currency, { defaultValue: 'USD', description: 'Currency of every price in the order.' })
  readonly currency!: string;

  @Field(() => [OrderItemInput], { description: 'Its lines, 1 to 200.' })
  readonly items!: OrderItemInput[];

  @Field(() => String, { nullable: true, description: 'Remarks of the customer. At most 4,000 characters.' })
  readonly notes?: string | null;
}

@InputType('UpdateOrderStatusInput', { description: 'A change of status to be made.' })
export class UpdateOrderStatusInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => OrderStatusEnum, { description: 'The status it shall have.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { nullable: true, description: 'Refuse unless the order is at this version.' })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: 'Why; kept in the history. At most 1,000 characters.' })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters: the same key again on this order answers what the first request did. A request that changed nothing, or was refused, leaves no key behind.',
  })
  readonly idempotencyKey?: string | null;
}

@InputType('StatusFilter', { description: 'Which statuses are meant. Everything given must hold.' })
export class StatusFilter {
  @Field(() => OrderStatusEnum, { nullable: true, description: 'This one.' })
  readonly eq?: OrderStatus | null;

  @Field(() => [OrderStatusEnum], { nullable: true, description: 'One of these; none where the list is empty.' })
  readonly in?: OrderStatus[] | null;

  @Field(() => [OrderStatusEnum], { nullable: true, description: 'None of these.' })
  readonly notIn?: OrderStatus[] | null;
}

@InputType('OrderWhere', { description: 'Which orders are meant. Everything given must hold.' })
export class OrderWhere {
  @Field(() => StatusFilter, { nullable: true, description: 'By status.' })
  readonly status?: StatusFilter | null;

  @Field(() => String, { nullable: true, description: 'Those of this customer.' })
  readonly customerId?: string | null;
}

@InputType('OrderOrder', { description: 'How orders are sorted.' })
export class OrderOrder {
  @Field(() => OrderSortFieldEnum, { defaultValue: 'CREATED_AT', description: 'By what.' })
  readonly field!: 'CREATED_AT';

  @Field(() => SortDirectionEnum, { defaultValue: 'DESC', description: 'Which end first.' })
  readonly direction!: SortDirection;
}
