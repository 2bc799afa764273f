// Prints each event of an order exactly once and in order, also after lost connections and restarts of the server. The
// subscription only triggers a read of the history, whose versions have no gaps.
import { createClient } from 'graphql-ws';

const url = process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql';
const id = process.argv[2] ?? '';
let [after, reading] = [null, Promise.resolve()];

const HISTORY = `query ($id: ID!, $after: String) { order(id: $id) { history(first: 100, after: $after) {
  edges { cursor node { version from to reason occurredAt } } } } }`;

async function catchUp() {
  const body = JSON.stringify({ query: HISTORY, variables: { id, after } });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data, errors } = await response.json();
  if (!data?.order) throw new Error(errors?.[0]?.message ?? `No order with the id "${id}" exists.`);
  for (const { cursor, node } of data.order.history.edges) {
    console.log(JSON.stringify(node));
    after = cursor;
  }
}

const wake = () => (reading = reading.then(catchUp).catch(({ message }) => console.error(message))); // the next wake-up reads it
const websocket = createClient({
  url: url.replace(/^http/, 'ws'),
  ...{ keepAlive: 5_000, retryAttempts: Infinity, shouldRetry: () => true, isFatalConnectionProblem: () => false },
  on: { connected: wake, pong: wake }, // the regular pongs also find events that occurred during the connect
});
const query = `subscription ($id: ID!) { orderStatusChanged(orderId: $id) { version } }`;
for await (const _ of websocket.iterate({ query, variables: { id } })) wake();
