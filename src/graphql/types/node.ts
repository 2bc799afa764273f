import { Field, ID, InterfaceType } from 'type-graphql';

/** A value that says itself which object type it is. */
export type Typed<T> = T & { readonly __typename: string };

@InterfaceType('Node', {
  description: 'Anything that can be fetched again by its globally unique id.',
  resolveType: (value: Typed<object>) => value.__typename,
})
export abstract class NodeType {
  @Field(() => ID, { description: 'Globally unique; hand it to `node(id:)`.' })
  readonly id!: string;
}
