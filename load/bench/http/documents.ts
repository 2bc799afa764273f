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

export const ORDERGRAPH_DOCUMENTS: Documents = {
  create: {
    query: `mutation CreateOrder($input: CreateOrderInput!) {
  createOrder(input: $input) { order { ${ORDER} } replayed userErrors { code message } }
}`,
    variables: {
      input: {
        id: '@{uuid}',
        customerId: 'customer-@{number}',
        customerName: 'Customer @{number}',
        currency: 'USD',
        items: [1, 2, 3].map((n) => {
          return { productId: `product-${n}`, name: `Product @{number}-${n}`, quantity: n, unitPrice: '@{number}.20' };
        }),
      },
    },
    expected: '"replayed":false,"userErrors":[]',
  },
  get: {
    query: `query Order($id: ID!) { order(id: $id) { ${ORDER} } }`,
    variables: { id: '@{1}' },
    expected: '"items":[{',
  },
  list: {
    query: `query FirstPage { orders(first: 20) { ${PAGE} } }`,
    variables: {},
    expected: '"hasNextPage":true',
  },
  pages: {
    query: `query NextPage($after: String!) { orders(first: 20, after: $after) { ${PAGE} } }`,
    variables: { after: '@{1}' },
    expected: '"hasNextPage":true',
  },
  status: {
    query: `mutation ChangeStatus($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { order { id version status updatedAt } changed userErrors { code message } }
}`,
    variables: { input: { id: '@{1}', status: '@{2}' } },
    expected: '"changed":true,"userErrors":[]',
  },
  cursors: (after) => ({
    query: 'query Cursors($after: String) { orders(first: 100, after: $after) { edges { cursor node { id } } } }',
    variables: { after },
  }),
};

/** The body of a request, with its markers. */
export function bodyOf({ query, variables }: Pick<GraphqlRequest, 'query' | 'variables'>): string {
  return JSON.stringify({ query, variables }).replaceAll('"@{number}"', '@{number}');
}
