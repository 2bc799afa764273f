// Prints the latest event of an order, then each later one exactly once and in order, also after lost connections and
// restarts of the server.
import { createClient } from 'graphql-ws';

const url = process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql';
const query = `subscription ($id: ID!, $after: String, $snapshot: Boolean!) {
  orderStatusChanged(orderId: $id, after: $after, snapshot: $snapshot) { version from to occurredAt resumeCursor } }`;
const variables = { id: process.argv[2] ?? '', snapshot: true };

const forever = { retryAttempts: Infinity, shouldRetry: () => true };
const client = createClient({ url: url.replace(/^http/, 'ws'), ...forever });

// The server shuts down, or this program was too slow.
const RESUMABLE = ['SERVICE_UNAVAILABLE', 'SLOW_CONSUMER'];

function follow() {
  client.subscribe(
    { query, variables }, // graphql-ws sends it again after a reconnect, with the cursor of that time
    {
      next({ data, errors }) {
        if (!data) return fail(errors);
        const { resumeCursor, ...event } = data.orderStatusChanged;
        Object.assign(variables, { after: resumeCursor, snapshot: false });
        console.log(JSON.stringify(event));
      },
      error: fail,
      complete: () => setTimeout(follow, 1_000), // after such an error
    },
  );
}

function fail(errors) {
  const [{ message, extensions }] = [errors].flat();
  console.error(message ?? errors);
  if (!RESUMABLE.includes(extensions?.code)) process.exit(1);
  if (extensions.lastCursor) Object.assign(variables, { after: extensions.lastCursor, snapshot: false });
}

follow();
