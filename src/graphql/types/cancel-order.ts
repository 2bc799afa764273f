import { Field, InputType, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { CancelReason } from '../../domain/order.js';
import { atMost } from '../description-texts.js';
import { ChangeInput, changePayload } from './change.js';
import { CancelReasonEnum } from './enums.js';

@InputType('CancelOrderInput', { description: 'Input of `cancelOrder`.' })
export class CancelOrderInput extends ChangeInput {
  @Field(() => CancelReasonEnum, {
    defaultValue: 'OTHER',
    description: 'Reason for the cancellation. That of a customer is always CUSTOMER.',
  })
  readonly reason!: CancelReason;

  @Field(() => String, {
    nullable: true,
    description: `Explanation in your own words, stored as the \`reason\` of the event. ${atMost(ORDER_LIMITS.reason)}`,
  })
  readonly note?: string | null;
}

@ObjectType('CancelOrderPayload', { description: 'Result of `cancelOrder`.', simpleResolvers: true })
export class CancelOrderPayload extends changePayload('False if the order was already cancelled.') {}
