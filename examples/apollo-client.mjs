// Apollo Client with its cache. The pages of a Relay connection are merged into one list. A subscription over a websocket
// updates the cached objects by their globally unique ids. Objects without an id, such as Money, are merged field by field.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition, relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { filter, firstValueFrom } from 'rxjs';

const url = process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql';
const websocket = createClient({ url: url.replace(/^http/, 'ws') });
const isSubscription = ({ query }) => getMainDefinition(query).operation === 'subscription';
const client = new ApolloClient({
  link: ApolloLink.split(isSubscription, new GraphQLWsLink(websocket), new HttpLink({ uri: url })),
  cache: new InMemoryCache({
    typePolicies: {
      Query: { fields: { orders: relayStylePagination(['where', 'orderBy']) } },
      Money: { merge: true },
      Address: { merge: true },
      Tracking: { merge: true },
      Actor: { merge: true },
    },
  }),
});

const customerId = `apollo-${crypto.randomUUID()}`;
const CREATE = gql`
  mutation ($input: CreateOrderInput!) {
    createOrder(input: $input) {
      order {
        id
      }
    }
  }
`;
for (const name of ['Tea', 'Milk', 'Sugar']) {
  await client.mutate({
    mutation: CREATE,
    variables: { input: { customerId, items: [{ name, unitPrice: '1.25' }] } },
  });
}

// Reads two pages into one list.
const ORDERS = gql`
  query ($customerId: String!, $after: String) {
    orders(first: 2, after: $after, where: { customerId: $customerId }) {
      edges {
        cursor
        node {
          id
          number
          status
          total {
            amount
            currency
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const list = client.watchQuery({ query: ORDERS, variables: { customerId } });
const { promise: shipped, resolve: seen } = Promise.withResolvers();
const rendered = list.subscribe(({ data }) => {
  const statuses = data?.orders.edges.map(({ node }) => node.status) ?? [];
  if (statuses.length > 0) console.log(`list: ${statuses.join(' ')}`);
  if (statuses.includes('SHIPPED')) seen();
});
const { data } = await firstValueFrom(list.pipe(filter(({ loading }) => !loading)));
await list.fetchMore({ variables: { after: data.orders.pageInfo.endCursor } });

// The subscription updates the list without another query.
const CHANGES = gql`
  subscription ($customerId: String!) {
    orderStatusChanged(customerId: $customerId) {
      id
      to
      order {
        id
        status
        total {
          amount
        }
      }
    }
  }
`;
const connected = new Promise((resolve) => websocket.on('connected', resolve));
const watching = client.subscribe({ query: CHANGES, variables: { customerId } }).subscribe({ error: console.error });
await connected;
await new Promise((resolve) => setTimeout(resolve, 200)); // the subscription must start before the change
await client.mutate({
  mutation: gql`
    mutation ($id: ID!) {
      updateOrderStatus(input: { id: $id, status: SHIPPED }) {
        changed
      }
    }
  `,
  variables: { id: data.orders.edges[0].node.id },
});
await shipped;

rendered.unsubscribe();
watching.unsubscribe();
client.stop();
await websocket.dispose();
