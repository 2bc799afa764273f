import { Extensions, Field, ObjectType, type ClassType } from 'type-graphql';
import type { Page } from '../../orders/page.js';
import { costs } from '../field-cost.js';

@ObjectType('PageInfo', {
  description: 'Where a page lies in its list, as the Relay connection specification has it. Exact in both directions.',
  simpleResolvers: true,
})
export class PageInfoType {
  @Field(() => Boolean, { description: 'Whether more follow behind this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there are some before this page.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first edge; null on an empty page.' })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last edge; null on an empty page.' })
  readonly endCursor!: string | null;
}

/** A page as the connection types take it. graphql-js calls functions only where their field is selected. */
export function toConnection<T>(page: Page<T>) {
  const { edges, hasNextPage, hasPreviousPage } = page;
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** The edge type of a connection. */
export function edgeOf<T extends object>(name: string, of: string, node: () => ClassType<T>) {
  @ObjectType(`${name}Edge`, { description: `One ${of} of a page, with its place in the list.`, simpleResolvers: true })
  class Edge {
    @Field(() => String, { description: 'Opaque place of this edge, for `after` and `before`.' })
    readonly cursor!: string;

    @Field(node, { description: `The ${of} itself.` })
    readonly node!: T;
  }
  return Edge;
}

/** The fields every connection type has. */
export function connectionOf<T extends object>(of: string, node: () => ClassType<T>, edge: ClassType) {
  @ObjectType({ simpleResolvers: true })
  abstract class Connection {
    @Extensions(costs({ size: 'page' }))
    @Field(() => [edge], { description: `The page: each ${of} with its cursor.` })
    readonly edges!: readonly object[];

    @Extensions(costs({ size: 'page' }))
    @Field(() => [node()], { description: 'The same page without the cursors.' })
    readonly nodes!: readonly T[];

    @Field(() => PageInfoType, { description: 'Where this page lies in the list.' })
    readonly pageInfo!: PageInfoType;
  }
  return Connection;
}
