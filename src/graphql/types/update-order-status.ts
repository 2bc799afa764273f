import { Field, InputType, ObjectType } from 'type-graphql';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { TrackingInput } from './address.js';
import { ChangeInput, changePayload, REASON } from './change.js';
import { OrderStatusEnum } from './enums.js';

@InputType('UpdateOrderStatusInput', { description: 'Input of `updateOrderStatus`.' })
export class UpdateOrderStatusInput extends ChangeInput {
  @Field(() => OrderStatusEnum, { description: 'The new status.' })
  readonly status!: OrderStatus;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;

  @Field(() => TrackingInput, {
    nullable: true,
    description:
      'Tracking information for the shipment. Allowed only with status SHIPPED. If the order is already SHIPPED, this replaces the current tracking information and creates an UPDATED event.',
  })
  readonly tracking?: TrackingInput | null;
}

@ObjectType('UpdateOrderStatusPayload', { description: 'Result of `updateOrderStatus`.', simpleResolvers: true })
export class UpdateOrderStatusPayload extends changePayload(
  'False if the order already had the status and tracking information.',
) {}
