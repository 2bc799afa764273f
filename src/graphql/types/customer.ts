import { Field, ObjectType } from 'type-graphql';
import { EmailAddress } from '../scalars.js';
import { NodeType } from './node.js';

@ObjectType('Customer', {
  implements: NodeType,
  description:
    'A customer, with the name and e-mail address of their latest order. The `id` is `customer:` followed by the `customerId`.',
  simpleResolvers: true,
})
export class CustomerType extends NodeType {
  @Field(() => String, { description: 'Id of the customer, as specified when the orders were created.' })
  readonly customerId!: string;

  @Field(() => String, { nullable: true, description: 'Name in the latest order.' })
  readonly name!: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address in the latest order.' })
  readonly email!: string | null;
}
