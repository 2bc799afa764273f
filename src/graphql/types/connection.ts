import type { GraphQLResolveInfo } from 'graphql';
import { Extensions, Field, ObjectType, type ClassType } from 'type-graphql';
import type { Page } from '../../orders/page.js';
import { costs } from '../field-cost.js';
import { inTurns } from '../turns.js';

@ObjectType('PageInfo', {
  description:
    'Pagination information, as in the Relay connection specification. `hasNextPage` and `hasPreviousPage` are accurate in both directions.',
  simpleResolvers: true,
})
export class PageInfoType {
  @Field(() => Boolean, { description: 'Whether more edges follow this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether more edges precede this page.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first edge; null if the page is empty.' })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last edge; null if the page is empty.' })
  readonly endCursor!: string | null;
}

/**
 * A page in the form of the connection types. A function is called only if its field is selected.
 *
 * @param elementsOf number of list elements that the element of the page at an index has, itself included
 */
export function toConnection<T>(page: Page<T>, elementsOf?: (index: number) => number) {
  const { edges, hasNextPage, hasPreviousPage } = page;
  return {
    edges: (_args: object, _context: object, info: GraphQLResolveInfo) => inTurns(edges, info, elementsOf),
    nodes: (_args: object, _context: object, info: GraphQLResolveInfo) =>
      inTurns(
        edges.map((edge) => edge.node),
        info,
        elementsOf,
      ),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: () => edges[0]?.cursor ?? null,
      endCursor: () => edges.at(-1)?.cursor ?? null,
    },
  };
}

/** The edge type of a connection. */
export function edgeOf<T extends object>(name: string, of: string, node: () => ClassType<T>) {
  @ObjectType(`${name}Edge`, { description: `One ${of} of a page, with its cursor.`, simpleResolvers: true })
  class Edge {
    @Field(() => String, { description: 'Opaque cursor of this edge, for `after` and `before`.' })
    readonly cursor!: string;

    @Field(node, { description: `The ${of}.` })
    readonly node!: T;
  }
  return Edge;
}

/** The fields of every connection type. */
export function connectionOf<T extends object>(of: string, node: () => ClassType<T>, edge: ClassType) {
  @ObjectType({ simpleResolvers: true })
  abstract class Connection {
    @Extensions(costs({ size: 'page' }))
    @Field(() => [edge], { description: `The ${of}s of the page, each with its cursor.` })
    readonly edges!: readonly object[];

    @Extensions(costs({ size: 'page' }))
    @Field(() => [node()], { description: `The ${of}s of the page, without cursors.` })
    readonly nodes!: readonly T[];

    @Field(() => PageInfoType, { description: 'Pagination information.' })
    readonly pageInfo!: PageInfoType;
  }
  return Connection;
}
