// A GraphQL server as a contestant.
import type { Cell, Contestant, Load } from './cells.ts';
import { bodyOf, type Documents } from './documents.ts';
import { SEEDED_ORDERS, type StoredOrders } from './orders.ts';
import { prepareWrk, type Requests } from './wrk.ts';

export interface GraphqlServerOptions {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** The bearer token of the requests; null where the server needs none. */
  readonly token: string | null;
  readonly documents: Documents;
  readonly orders: StoredOrders;
  /** For the files of the requests. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const CURSOR_PAGES = 50;
/** More than a server makes. */
const CHANGES_PER_SECOND = 12_000;

export interface GraphqlServer {
  readonly contestant: Contestant;
  /** The requests of a cell, after one of them was answered correctly. */
  requestsOf(cell: Cell, load: Load): Promise<{ readonly requests: Requests; readonly answer: string }>;
}

export function graphqlServer(options: GraphqlServerOptions): GraphqlServer {
  const { name, url, pid, token, documents, orders, folder, signal } = options;
  let cursors: Promise<readonly string[]> | undefined;
  const linesOf = async (cell: Cell, load: Load): Promise<Requests['lines']> => {
    if (cell === 'get') return (await orders.ids(SEEDED_ORDERS)).map((id) => [id]);
    if (cell === 'status') return orders.changes(load.seconds * CHANGES_PER_SECOND + 1);
    cursors ??= collectCursors(url, token, documents);
    return cell === 'pages' ? (await cursors).map((cursor) => [cursor]) : [['']];
  };
  const requestsOf: GraphqlServer['requestsOf'] = async (cell, load) => {
    const [first = [], ...lines] = await linesOf(cell, load);
    const { expected } = documents[cell];
    const body = bodyOf(documents[cell]);
    const answer = await probe({ url, token, name }, expected, fill(body, first));
    const repeated = cell !== 'status'; // a change can be made once
    const size = Math.floor(answer.length * 0.8);
    const sent = repeated ? [first, ...lines] : lines;
    return { requests: { url, token, body, lines: sent, repeated, expected, size }, answer };
  };
  const contestant: Contestant = {
    name,
    pid,
    async prepare(cell, load) {
      const { requests } = await requestsOf(cell, load);
      const run = await prepareWrk(requests, folder, signal);
      return { run: () => run(load), verify: await orders.verifier(cell, load) };
    },
  };
  return { contestant, requestsOf };
}

/** The cursors of many orders, by paging through the list once. */
async function collectCursors(url: string, token: string | null, documents: Documents): Promise<readonly string[]> {
  const cursors: string[] = [];
  for (let page = 0; page < CURSOR_PAGES; page += 1) {
    const body = bodyOf(documents.cursors(cursors.at(-1) ?? null));
    const answer = JSON.parse(await post(url, token, body)) as Page;
    if (answer.data === undefined) throw new Error(`No cursors: ${JSON.stringify(answer)}`);
    cursors.push(...answer.data.orders.edges.map(({ cursor }) => cursor));
  }
  return cursors;
}

interface Page {
  readonly data?: { readonly orders: { readonly edges: readonly { readonly cursor: string }[] } };
}

/** Sends one request of a cell, so that a wrong document fails before the load. */
async function probe(
  { url, token, name }: Pick<GraphqlServerOptions, 'url' | 'token' | 'name'>,
  expected: string,
  body: string,
): Promise<string> {
  const answer = await post(url, token, body);
  if (answer.startsWith('{"data":') && answer.includes(expected)) return answer;
  throw new Error(`${name} answered ${body} with ${answer.slice(0, 2_000)}`);
}

async function post(url: string, token: string | null, body: string): Promise<string> {
  const credentials = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...credentials };
  return (await fetch(url, { method: 'POST', headers, body })).text();
}

function fill(body: string, fields: readonly string[]): string {
  return body.replaceAll(/@\{(\w+)\}/g, (_, marker: string) => {
    if (marker === 'uuid') return crypto.randomUUID();
    return marker === 'number' ? '500' : (fields[Number(marker) - 1] ?? '');
  });
}
