// The GraphQL requests of load/baseline/ordinary. Amounts are floats beside the currency.
import type { Documents } from './documents.ts';

const ORDER = 'id number version status createdAt customerName total currency items { name quantity unitPrice }';
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;

export const ORDINARY_DOCUMENTS: Documents = {
  create: {
    query: `mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { ${ORDER} } }`,
    variables: {
      input: {
        id: '@{uuid}',
        customerId: 'customer-@{number}',
        customerName: 'Customer @{number}',
        currency: 'USD',
        items: [1, 2, 3].map((n) => {
          return { productId: `product-${n}`, name: `Product @{number}-${n}`, quantity: n, unitPrice: '@{number}' };
        }),
      },
    },
    expected: '"items":[{',
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
    query: `mutation ChangeStatus($id: ID!, $status: OrderStatus!) {
  updateOrderStatus(id: $id, status: $status) { id version status updatedAt }
}`,
    variables: { id: '@{1}', status: '@{2}' },
    expected: '"updateOrderStatus":{"id":',
  },
  cursors: (after) => ({
    query: 'query Cursors($after: String) { orders(first: 100, after: $after) { edges { cursor } } }',
    variables: { after },
  }),
};
