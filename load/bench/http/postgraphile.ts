// The GraphQL requests of PostGraphile. It has no money type: amounts are in minor units beside the currency.
import { documentsOf } from './documents.ts';

const ORDER = `rowId number version status createdAt customerName total currency
  items: orderItemsByOrderIdList { name quantity unitPrice }`;
const PAGE = `nodes { ${ORDER} } pageInfo { hasNextPage endCursor }`;
const NEWEST = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: { deletedAt: null }';

export const POSTGRAPHILE_DOCUMENTS = documentsOf({
  queries: {
    create: `mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { result { ${ORDER} } } }`,
    get: `query Order($id: UUID!) { orderByRowId(rowId: $id) { ${ORDER} } }`,
    list: `query FirstPage { allOrders(first: 20, ${NEWEST}) { ${PAGE} } }`,
    pages: `query NextPage($after: Cursor!) { allOrders(first: 20, after: $after, ${NEWEST}) { ${PAGE} } }`,
    status: `mutation ChangeStatus($input: ChangeOrderStatusInput!) {
  changeOrderStatus(input: $input) { result { rowId version status updatedAt } }
}`,
    cursors: `query Cursors($after: Cursor) {
  orders: allOrders(first: 100, after: $after, ${NEWEST}) { edges { cursor } }
}`,
  },
  unitPrice: '@{number}20',
  statusVariables: { input: { id: '@{1}', status: '@{2}' } },
  expected: { create: '"result":{"rowId":', status: '"result":{"rowId":' },
});
