// Prints each change of an order once and in order, across restarts of the server and lost connections. The subscription
// only signals that the order has changed. The changes come from the history, whose versions have no gap.
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
  if (!data?.order) throw new Error(errors?.[0]?.message ?? `Order "${id}" does not exist.`);
  for (const { cursor, node } of data.order.history.edges) {
    console.log(JSON.stringify(node));
    after = cursor;
  }
}

const onSignal = () => (reading = reading.then(catchUp).catch(({ message }) => console.error(message))); // the next call retries
const websocket = createClient({
  url: url.replace(/^http/, 'ws'),
  ...{ keepAlive: 5_000, retryAttempts: Infinity, shouldRetry: () => true, isFatalConnectionProblem: () => false },
  on: { connected: onSignal, pong: onSignal }, // a pong every few seconds also finds changes made during a reconnect
});
const query = `subscription ($id: ID!) { orderStatusChanged(orderId: $id) { version } }`;
for await (const _ of websocket.iterate({ query, variables: { id } })) onSignal();
