import { Field, InputType, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { atMost } from '../description-texts.js';
import { ChangeInput, changePayload, REASON } from './change.js';

@InputType('AssignCustomerInput', { description: 'Input of `assignCustomer`.' })
export class AssignCustomerInput extends ChangeInput {
  @Field(() => String, {
    description: `Id of the customer in the client's system. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.customerId)}`,
  })
  readonly customerId!: string;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;
}

@ObjectType('AssignCustomerPayload', { description: 'Result of `assignCustomer`.', simpleResolvers: true })
export class AssignCustomerPayload extends changePayload('False if the order already belonged to the customer.') {}
