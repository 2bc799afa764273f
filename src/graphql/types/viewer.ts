import { Extensions, Field, ObjectType } from 'type-graphql';
import { ROLES, type Role } from '../../domain/viewer.js';
import { costs } from '../field-cost.js';

@ObjectType('Viewer', { description: 'The identity of the client.', simpleResolvers: true })
export class ViewerType {
  @Field(() => String, {
    nullable: true,
    description: 'Subject of the token. It is the `customerId` of a customer. Null on a server without authentication.',
  })
  readonly subject!: string | null;

  @Extensions(costs({ size: ROLES.length }))
  @Field(() => [String], { description: 'Roles: `customer`, `staff`, `admin`. The strongest one decides.' })
  readonly roles!: readonly Role[];
}
