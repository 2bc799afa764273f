// Creates an order with graphql-request. Rejections are returned as `userErrors`; failed requests are thrown.
import { ClientError, gql, GraphQLClient } from 'graphql-request';

const client = new GraphQLClient(process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql');

const CREATE = gql`
  mutation ($input: CreateOrderInput!) {
    createOrder(input: $input) {
      replayed
      order {
        id
        number
        total {
          amount
          currency
        }
      }
      userErrors {
        code
        message
        field
        retryable
      }
    }
  }
`;

/** Creates an order. All attempts send the same id, so that they create one order. */
async function createOrder(input) {
  const variables = { input: { id: crypto.randomUUID(), ...input } };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await client.request(CREATE, variables)).createOrder;
    } catch (error) {
      if (attempt === 5 || !isTemporary(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt * Math.random()));
    }
  }
}

/** The server is overloaded, unavailable or not reachable: the same request may succeed later. */
function isTemporary(error) {
  return !(error instanceof ClientError) || error.response.status === 503;
}

const created = await createOrder({ customerId: 'grace', items: [{ name: 'Tea', quantity: 3, unitPrice: '4.20' }] });
console.log('created:', created.order.number, created.order.total.amount, created.order.total.currency);

const rejected = await createOrder({ items: [{ name: 'Tea', quantity: 0, unitPrice: '4.205' }] });
for (const { code, field, message } of rejected.userErrors) console.log('rejected:', code, field.join('.'), message);
