import { Field, ObjectType } from 'type-graphql';
import { EmailAddress } from '../scalars.js';
import { NodeType } from './node.js';

@ObjectType('Customer', {
  implements: NodeType,
  description:
    'A customer, with the details of the latest order. The `id` is `customer:` followed by the `customerId`.',
  simpleResolvers: true,
})
export class CustomerType extends NodeType {
  @Field(() => String, { description: 'Id of the customer, as given with the orders.' })
  readonly customerId!: string;

  @Field(() => String, { nullable: true, description: 'Name in the latest order.' })
  readonly name!: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address in the latest order.' })
  readonly email!: string | null;
}
