import { Field, ObjectType } from 'type-graphql';
import { EmailAddress } from '../scalars.js';
import { NodeType } from './node.js';

@ObjectType('Customer', {
  implements: NodeType,
  description: 'Somebody who has ordered, as the latest order shows them. The id is `customer:` and the customerId.',
  simpleResolvers: true,
})
export class CustomerType extends NodeType {
  @Field(() => String, { description: 'The id of the shop for this customer.' })
  readonly customerId!: string;

  @Field(() => String, { nullable: true, description: 'Name, from the latest order.' })
  readonly name!: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address, from the latest order.' })
  readonly email!: string | null;
}
