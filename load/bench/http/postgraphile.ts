// The GraphQL requests of PostGraphile. It has no money type: amounts are in minor units beside the currency.
import type { Documents } from './documents.ts';

const ORDER = `rowId number version status createdAt customerName total currency
  items: orderItemsByOrderIdList { name quantity unitPrice }`;
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;
const NEWEST = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: { deletedAt: null }';

export const POSTGRAPHILE_DOCUMENTS: Documents = {
  create: {
    query: `mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { result { ${ORDER} } } }`,
    variables: {
      input: {
        id: '@{uuid}',
        customerId: 'customer-@{number}',
        customerName: 'Customer @{number}',
        currency: 'USD',
        items: [1, 2, 3].map((n) => {
          return { productId: `product-${n}`, name: `Product @{number}-${n}`, quantity: n, unitPrice: '@{number}20' };
        }),
      },
    },
    expected: '"result":{"rowId":',
  },
  get: {
    query: `query Order($id: UUID!) { orderByRowId(rowId: $id) { ${ORDER} } }`,
    variables: { id: '@{1}' },
    expected: '"items":[{',
  },
  list: {
    query: `query FirstPage { allOrders(first: 20, ${NEWEST}) { ${PAGE} } }`,
    variables: {},
    expected: '"hasNextPage":true',
  },
  pages: {
    query: `query NextPage($after: Cursor!) { allOrders(first: 20, after: $after, ${NEWEST}) { ${PAGE} } }`,
    variables: { after: '@{1}' },
    expected: '"hasNextPage":true',
  },
  status: {
    query: `mutation ChangeStatus($input: ChangeOrderStatusInput!) {
  changeOrderStatus(input: $input) { result { rowId version status updatedAt } }
}`,
    variables: { input: { id: '@{1}', status: '@{2}' } },
    expected: '"result":{"rowId":',
  },
  cursors: (after) => ({
    query: `query Cursors($after: Cursor) {
  orders: allOrders(first: 100, after: $after, ${NEWEST}) { edges { cursor } }
}`,
    variables: { after },
  }),
};
