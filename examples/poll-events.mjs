// Prints the events since the last run, from the beginning of the log in the first one, then ends. For jobs that run at
// intervals. The cursor is written after the events of its page: a failed run repeats a page at most.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const url = process.env.ORDERGRAPH_URL ?? 'http://127.0.0.1:4000/graphql';
const file = process.argv[2] ?? 'poll.cursor';
const query = `query ($after: String) { orderEvents(first: 100, after: $after) {
  nodes { type orderId version from to } pageInfo { hasNextPage endCursor } } }`;

for (let hasMore = true; hasMore;) {
  const variables = existsSync(file) ? { after: readFileSync(file, 'utf8') } : {};
  const body = JSON.stringify({ query, variables });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data, errors } = await response.json();
  if (!data) throw new Error(errors[0].message);
  const { nodes, pageInfo } = data.orderEvents;
  for (const event of nodes) console.log(JSON.stringify(event));
  hasMore = pageInfo.hasNextPage;
  if (!pageInfo.endCursor) break; // the log is empty
  writeFileSync(`${file}.tmp`, pageInfo.endCursor);
  renameSync(`${file}.tmp`, file);
}
