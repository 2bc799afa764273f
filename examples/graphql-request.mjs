// Takes an order with graphql-request and tells expected refusals, which come as `userErrors`, from failed requests,
// which are thrown.
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

/** Takes an order. The id is made once, so that however often the request is sent again, there is one order. */
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

/** Overloaded, away, or not reached at all: the same request may succeed later. */
function isTemporary(error) {
  return !(error instanceof ClientError) || error.response.status === 503;
}

const taken = await createOrder({ customerId: 'grace', items: [{ name: 'Tea', quantity: 3, unitPrice: '4.20' }] });
console.log('taken:', taken.order.number, taken.order.total.amount, taken.order.total.currency);

const refused = await createOrder({ items: [{ name: 'Tea', quantity: 0, unitPrice: '4.205' }] });
for (const { code, field, message } of refused.userErrors) console.log('refused:', code, field.join('.'), message);
