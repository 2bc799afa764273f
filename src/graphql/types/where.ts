import { Field, InputType } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { MAX_FILTER_VALUES, type OrderSortField, type SortDirection } from '../../orders/interfaces/order-filter.js';
import { Currency, DateTime, Decimal } from '../scalars.js';
import { OrderSortFieldEnum, OrderStatusEnum, SortDirectionEnum } from './enums.js';

@InputType('StatusFilter', { description: 'Conditions on a status. All given conditions must hold.' })
export class StatusFilter {
  @Field(() => OrderStatusEnum, { nullable: true, description: 'Equal to this status.' })
  readonly eq?: OrderStatus | null;

  @Field(() => [OrderStatusEnum], {
    nullable: true,
    description: 'Equal to one of these statuses. An empty list matches no orders.',
  })
  readonly in?: OrderStatus[] | null;

  @Field(() => [OrderStatusEnum], { nullable: true, description: 'Equal to none of these statuses.' })
  readonly notIn?: OrderStatus[] | null;
}

@InputType('StringFilter', { description: 'Conditions on a text. All given conditions must hold.' })
export class StringFilter {
  @Field(() => String, { nullable: true, description: 'Equal to this text.' })
  readonly eq?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: `Equal to one of these texts, at most ${MAX_FILTER_VALUES}. An empty list matches no orders.`,
  })
  readonly in?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Begins with this text, which must not be empty.' })
  readonly startsWith?: string | null;
}

@InputType('DateTimeFilter', { description: 'Conditions on a time. All given conditions must hold.' })
export class DateTimeFilter {
  @Field(() => DateTime, { nullable: true, description: 'At this time or later.' })
  readonly gte?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before this time.' })
  readonly lt?: Date | null;
}

@InputType('DecimalFilter', { description: 'Conditions on an amount. All given conditions must hold.' })
export class DecimalFilter {
  @Field(() => Decimal, { nullable: true, description: 'This amount or more.' })
  readonly gte?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'This amount or less.' })
  readonly lte?: DecimalInput | null;
}

@InputType('OrderWhere', {
  description:
    'Conditions on orders. All given conditions must hold. Leave out a condition to match all values. Null is rejected, so that a variable without a value does not match all orders.',
})
export class OrderWhere {
  @Field(() => StatusFilter, { nullable: true, description: 'Status of the order.' })
  readonly status?: StatusFilter | null;

  @Field(() => String, { nullable: true, description: 'Id of the customer.' })
  readonly customerId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True for guest orders, which have no customer; false for orders with a customer.',
  })
  readonly isGuest?: boolean | null;

  @Field(() => StringFilter, { nullable: true, description: 'E-mail address of the customer, not case-sensitive.' })
  readonly customerEmail?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: 'External reference, case-sensitive.' })
  readonly externalReference?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: 'Number of the order.' })
  readonly number?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: 'Time of creation.' })
  readonly createdAt?: DateTimeFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: 'Time of the last change.' })
  readonly updatedAt?: DateTimeFilter | null;

  @Field(() => DecimalFilter, {
    nullable: true,
    description: 'Total in major units. Requires `currency`.',
  })
  readonly total?: DecimalFilter | null;

  @Field(() => Currency, { nullable: true, description: 'Currency of the order.' })
  readonly currency?: string | null;
}

@InputType('OrderSort', { description: 'Sort order of orders.' })
export class OrderSort {
  @Field(() => OrderSortFieldEnum, { defaultValue: 'CREATED_AT', description: 'Field to sort by.' })
  readonly field!: OrderSortField;

  @Field(() => SortDirectionEnum, { defaultValue: 'DESC', description: 'Sort direction.' })
  readonly direction!: SortDirection;
}
