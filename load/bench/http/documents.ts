// The GraphQL requests of Ordergraph. Those of other contestants ask for the same data. Commit 70f567b must understand them
// too: it is the base that `--against` is used with.
import type { Cell } from './cells.ts';

export interface GraphqlRequest {
  readonly query: string;
  /** May contain the markers of `Requests.body`; `"@{number}"` as a whole becomes a number. */
  readonly variables: object;
  /** Text that a correct answer contains. */
  readonly expected: string;
}

export type Documents = Readonly<Record<Cell, GraphqlRequest>> & {
  /** Reads 100 orders after a cursor. The answer has `data.orders.edges[].cursor` and `.node.id`. */
  readonly cursors: (after: string | null) => { readonly query: string; readonly variables: object };
};

const ORDER = `id number version status createdAt customerName total { amount currency }
  items { name quantity unitPrice { amount currency } }`;
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;

/** What the documents of one contestant differ in. */
interface Contestant {
  readonly queries: Readonly<Record<Cell | 'cursors', string>>;
  /** Price of a created item, with markers. */
  readonly unitPrice: string;
  /** The marked order and status as variables of the status change. */
  readonly statusVariables: object;
  readonly expected: Readonly<Pick<Record<Cell, string>, 'create' | 'status'>>;
}

/** The documents of a contestant: the same requests for all, in the terms of each. */
export function documentsOf({ queries, unitPrice, statusVariables, expected }: Contestant): Documents {
  const items = [1, 2, 3].map((n) => {
    return { productId: `product-${n}`, name: `Product @{number}-${n}`, quantity: n, unitPrice };
  });
  const input = {
    id: '@{uuid}',
    customerId: 'customer-@{number}',
    customerName: 'Customer @{number}',
    currency: 'USD',
    items,
  };
  return {
    create: { query: queries.create, variables: { input }, expected: expected.create },
    get: { query: queries.get, variables: { id: '@{1}' }, expected: '"items":[{' },
    list: { query: queries.list, variables: {}, expected: '"hasNextPage":true' },
    pages: { query: queries.pages, variables: { after: '@{1}' }, expected: '"hasNextPage":true' },
    status: { query: queries.status, variables: statusVariables, expected: expected.status },
    cursors: (after) => ({ query: queries.cursors, variables: { after } }),
  };
}

export const ORDERGRAPH_DOCUMENTS = documentsOf({
  queries: {
    create: `mutation CreateOrder($input: CreateOrderInput!) {
  createOrder(input: $input) { order { ${ORDER} } replayed userErrors { code message } }
}`,
    get: `query Order($id: ID!) { order(id: $id) { ${ORDER} } }`,
    list: `query FirstPage { orders(first: 20) { ${PAGE} } }`,
    pages: `query NextPage($after: String!) { orders(first: 20, after: $after) { ${PAGE} } }`,
    status: `mutation ChangeStatus($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { order { id version status updatedAt } changed userErrors { code message } }
}`,
    cursors: 'query Cursors($after: String) { orders(first: 100, after: $after) { edges { cursor node { id } } } }',
  },
  unitPrice: '@{number}.20',
  statusVariables: { input: { id: '@{1}', status: '@{2}' } },
  expected: { create: '"replayed":false,"userErrors":[]', status: '"changed":true,"userErrors":[]' },
});

/** The body of a request, with its markers. */
export function bodyOf({ query, variables }: Pick<GraphqlRequest, 'query' | 'variables'>): string {
  return JSON.stringify({ query, variables }).replaceAll('"@{number}"', '@{number}');
}
