import { Field, InputType } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { OrderSortField, SortDirection } from '../../orders/interfaces/order-filter.js';
import { Currency, DateTime, Decimal } from '../scalars.js';
import { OrderSortFieldEnum, OrderStatusEnum, SortDirectionEnum } from './enums.js';

@InputType('StatusFilter', { description: 'Which statuses are meant. Everything given must hold.' })
export class StatusFilter {
  @Field(() => OrderStatusEnum, { nullable: true, description: 'This one.' })
  readonly eq?: OrderStatus | null;

  @Field(() => [OrderStatusEnum], { nullable: true, description: 'One of these; none where the list is empty.' })
  readonly in?: OrderStatus[] | null;

  @Field(() => [OrderStatusEnum], { nullable: true, description: 'None of these.' })
  readonly notIn?: OrderStatus[] | null;
}

@InputType('StringFilter', { description: 'Which texts are meant. Everything given must hold.' })
export class StringFilter {
  @Field(() => String, { nullable: true, description: 'This one.' })
  readonly eq?: string | null;

  @Field(() => [String], { nullable: true, description: 'One of these, at most 100; none where the list is empty.' })
  readonly in?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Those that begin like this.' })
  readonly startsWith?: string | null;
}

@InputType('DateTimeFilter', { description: 'Which moments are meant. Everything given must hold.' })
export class DateTimeFilter {
  @Field(() => DateTime, { nullable: true, description: 'This moment or later.' })
  readonly gte?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before this moment.' })
  readonly lt?: Date | null;
}

@InputType('DecimalFilter', { description: 'Which amounts are meant. Everything given must hold.' })
export class DecimalFilter {
  @Field(() => Decimal, { nullable: true, description: 'This much or more.' })
  readonly gte?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'This much or less.' })
  readonly lte?: DecimalInput | null;
}

@InputType('OrderWhere', {
  description:
    'Which orders are meant. Everything given must hold. What does not matter is left out: null is rejected, so that a variable without a value never means all orders.',
})
export class OrderWhere {
  @Field(() => StatusFilter, { nullable: true, description: 'By status.' })
  readonly status?: StatusFilter | null;

  @Field(() => String, { nullable: true, description: 'Those of this customer.' })
  readonly customerId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: guests' orders, which have no customer. False: those that have one.",
  })
  readonly isGuest?: boolean | null;

  @Field(() => StringFilter, { nullable: true, description: 'By e-mail address, however it is capitalised.' })
  readonly customerEmail?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: 'By external reference, letter by letter.' })
  readonly externalReference?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: 'By number.' })
  readonly number?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: 'By when they were taken.' })
  readonly createdAt?: DateTimeFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: 'By when they last changed.' })
  readonly updatedAt?: DateTimeFilter | null;

  @Field(() => DecimalFilter, {
    nullable: true,
    description: 'By what they cost, in major units of `currency`, which must be given with it.',
  })
  readonly total?: DecimalFilter | null;

  @Field(() => Currency, { nullable: true, description: 'Those in this currency.' })
  readonly currency?: string | null;
}

@InputType('OrderSort', { description: 'How orders are sorted.' })
export class OrderSort {
  @Field(() => OrderSortFieldEnum, { defaultValue: 'CREATED_AT', description: 'By what.' })
  readonly field!: OrderSortField;

  @Field(() => SortDirectionEnum, { defaultValue: 'DESC', description: 'Which end first.' })
  readonly direction!: SortDirection;
}
