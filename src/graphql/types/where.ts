import { Field, InputType } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { MAX_FILTER_VALUES, type OrderSortField, type SortDirection } from '../../orders/interfaces/order-filter.js';
import { Currency, DateTime, Decimal } from '../scalars.js';
import { OrderSortFieldEnum, OrderStatusEnum, SortDirectionEnum } from './enums.js';

@InputType('StatusFilter', { description: 'Filter on a status. Conditions are combined with AND.' })
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

@InputType('StringFilter', { description: 'Filter on a string. Conditions are combined with AND.' })
export class StringFilter {
  @Field(() => String, { nullable: true, description: 'Equal to this string.' })
  readonly eq?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: `Equal to one of these strings, at most ${MAX_FILTER_VALUES}. An empty list matches no orders.`,
  })
  readonly in?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Begins with this string, which must not be empty.' })
  readonly startsWith?: string | null;
}

@InputType('DateTimeFilter', { description: 'Filter on a date and time. Conditions are combined with AND.' })
export class DateTimeFilter {
  @Field(() => DateTime, { nullable: true, description: 'At this time or later.' })
  readonly gte?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before this time.' })
  readonly lt?: Date | null;
}

@InputType('DecimalFilter', { description: 'Filter on an amount. Conditions are combined with AND.' })
export class DecimalFilter {
  @Field(() => Decimal, { nullable: true, description: 'This amount or more.' })
  readonly gte?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'This amount or less.' })
  readonly lte?: DecimalInput | null;
}

@InputType('OrderWhere', {
  description:
    'Filter on orders. Conditions are combined with AND; an omitted condition matches all values. An explicit null is rejected, so that a variable that is accidentally null does not match every order.',
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

  @Field(() => StringFilter, { nullable: true, description: 'E-mail address of the customer, case-insensitive.' })
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

@InputType('OrderSort', { description: 'How to sort orders.' })
export class OrderSort {
  @Field(() => OrderSortFieldEnum, { defaultValue: 'CREATED_AT', description: 'Field to sort by.' })
  readonly field!: OrderSortField;

  @Field(() => SortDirectionEnum, { defaultValue: 'DESC', description: 'Sort direction.' })
  readonly direction!: SortDirection;
}
