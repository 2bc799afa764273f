// Typed documents: the compiler knows the type of each result, such as the allowed statuses of a rejected transition.
import { GraphQLClient } from 'graphql-request';
import { graphql } from './gql/index.ts';

const client = new GraphQLClient(process.env['ORDERGRAPH_URL'] ?? 'http://127.0.0.1:4000/graphql');

const CREATE = graphql(/* GraphQL */ `
  mutation Create($input: CreateOrderInput!) {
    createOrder(input: $input) {
      order {
        id
        total {
          amount
        }
      }
    }
  }
`);

const TRANSITION = graphql(/* GraphQL */ `
  mutation Transition($id: ID!, $status: OrderStatus!) {
    updateOrderStatus(input: { id: $id, status: $status }) {
      order {
        status
      }
      userErrors {
        __typename
        message
        ... on TransitionError {
          allowed
        }
      }
    }
  }
`);

const input = { currency: 'JPY', items: [{ name: 'Tea', quantity: 2, unitPrice: '640' }] };
const order = (await client.request(CREATE, { input })).createOrder?.order;
if (order == null) throw new Error('rejected');
console.log('total:', order.total.amount);

const transition = (await client.request(TRANSITION, { id: order.id, status: 'DELIVERED' })).updateOrderStatus;
for (const error of transition?.userErrors ?? []) {
  if (error.__typename === 'TransitionError') console.log('allowed:', error.allowed.join(' '));
}
