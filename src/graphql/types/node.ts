import { Field, ID, InterfaceType } from 'type-graphql';

/** A value with the name of its object type. */
export type Typed<T> = T & { readonly __typename: string };

@InterfaceType('Node', {
  description: 'An object that can be read by its globally unique id.',
  resolveType: (value: Typed<object>) => value.__typename,
})
export abstract class NodeType {
  @Field(() => ID, { description: 'Globally unique id, for `node(id:)`.' })
  readonly id!: string;
}
