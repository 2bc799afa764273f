// Prints every event of all orders, and continues where the last run ended. The cursor is written after the line: after a
// kill of this program lines can be repeated, but none is missed. `npm run cli -- watch` has more options.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';

const url = process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql';
const file = process.argv[2] ?? 'orders.cursor';
const query = `subscription ($after: String) {
  orderChanged(after: $after) { type orderId version from to changedFields resumeCursor } }`;

function save(cursor) {
  variables.after = cursor;
  writeFileSync(`${file}.tmp`, cursor);
  renameSync(`${file}.tmp`, file); // replaces the file in one step
}

/** The first run starts at the end of the log. */
async function endOfLog() {
  const body = JSON.stringify({ query: '{ eventLogEnd }' });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return (await response.json()).data.eventLogEnd;
}

const variables = {};
const start = existsSync(file) ? readFileSync(file, 'utf8') : await endOfLog();
if (start) save(start); // null if the log is empty

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
        const { resumeCursor, ...event } = data.orderChanged;
        console.log(JSON.stringify(event));
        save(resumeCursor);
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
  if (extensions.lastCursor) save(extensions.lastCursor);
}

follow();
