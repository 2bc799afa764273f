// The GraphQL requests of load/baseline/ordinary. Amounts are floats beside the currency.
import { documentsOf } from './documents.ts';

const ORDER = 'id number version status createdAt customerName total currency items { name quantity unitPrice }';
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;

export const ORDINARY_DOCUMENTS = documentsOf({
  queries: {
    create: `mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { ${ORDER} } }`,
    get: `query Order($id: ID!) { order(id: $id) { ${ORDER} } }`,
    list: `query FirstPage { orders(first: 20) { ${PAGE} } }`,
    pages: `query NextPage($after: String!) { orders(first: 20, after: $after) { ${PAGE} } }`,
    status: `mutation ChangeStatus($id: ID!, $status: OrderStatus!) {
  updateOrderStatus(id: $id, status: $status) { id version status updatedAt }
}`,
    cursors: 'query Cursors($after: String) { orders(first: 100, after: $after) { edges { cursor } } }',
  },
  unitPrice: '@{number}',
  statusVariables: { id: '@{1}', status: '@{2}' },
  expected: { create: '"items":[{', status: '"updateOrderStatus":{"id":' },
});
