// A GraphQL server as a contestant.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, Contestant, Load, PreparedCell, Run } from './cells.ts';
import { bodyOf, type Documents } from './documents.ts';
import { SEEDED_ORDERS, type StoredOrders, type Totals } from './orders.ts';
import { prepareWrk, type Requests } from './wrk.ts';

export interface GraphqlContestantOptions {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly documents: Documents;
  readonly orders: StoredOrders;
  /** For the files of the requests. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** More status changes a second than any contestant makes. */
const MAX_CHANGES_PER_SECOND = 15_000;
const CURSOR_PAGES = 50;

export function graphqlContestant(options: GraphqlContestantOptions): Contestant {
  const { name, url, pid, documents, orders, folder, signal } = options;
  let cursors: Promise<readonly string[]> | undefined;
  const linesOf = async (cell: Cell, load: Load): Promise<Requests['lines']> => {
    if (cell === 'get') return (await orders.ids(SEEDED_ORDERS)).map((id) => [id]);
    if (cell === 'status') return orders.changes(Math.ceil(load.seconds * MAX_CHANGES_PER_SECOND) + 1);
    cursors ??= collectCursors(url, documents);
    return cell === 'pages' ? (await cursors).map((cursor) => [cursor]) : [['']];
  };
  return {
    name,
    pid,
    async prepare(cell, load) {
      const [first = [], ...lines] = await linesOf(cell, load);
      const body = bodyOf(documents[cell]);
      const size = Math.floor((await probe(url, name, documents[cell].expected, fill(body, first))).length * 0.8);
      const { expected } = documents[cell];
      const repeated = cell !== 'status';
      const requests = { url, body, lines: repeated ? [first, ...lines] : lines, repeated, expected, size };
      const run = await prepareWrk(requests, folder, signal);
      const before = await orders.totals();
      return { run: () => run(load), verify: async (result) => compare(cell, result, before, load, orders) };
    },
  };
}

/** The cursors of many orders, by paging through the list once. */
async function collectCursors(url: string, documents: Documents): Promise<readonly string[]> {
  const cursors: string[] = [];
  for (let page = 0; page < CURSOR_PAGES; page += 1) {
    const body = bodyOf(documents.cursors(cursors.at(-1) ?? null));
    const answer = JSON.parse(await post(url, body)) as Page;
    if (answer.data === undefined) throw new Error(`No cursors: ${JSON.stringify(answer)}`);
    cursors.push(...answer.data.orders.edges.map(({ cursor }) => cursor));
  }
  return cursors;
}

interface Page {
  readonly data?: { readonly orders: { readonly edges: readonly { readonly cursor: string }[] } };
}

/** Sends one request of a cell, so that a wrong document fails before the load. */
async function probe(url: string, name: string, expected: string, body: string): Promise<string> {
  const answer = await post(url, body);
  if (answer.startsWith('{"data":') && answer.includes(expected)) return answer;
  throw new Error(`${name} answered ${body} with ${answer.slice(0, 2_000)}`);
}

async function post(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body })).text();
}

function fill(body: string, fields: readonly string[]): string {
  return body.replaceAll(/@\{(\w+)\}/g, (_, marker: string) => {
    if (marker === 'uuid') return crypto.randomUUID();
    return marker === 'number' ? '500' : (fields[Number(marker) - 1] ?? '');
  });
}

/** Requests that were in flight at the end may have been stored without an answer. */
async function compare(
  cell: Cell,
  { answers }: Run,
  before: Totals,
  { callers }: Load,
  orders: StoredOrders,
): ReturnType<PreparedCell['verify']> {
  if (cell !== 'create' && cell !== 'status') return null;
  await sleep(200);
  const after = await orders.totals();
  const stored = cell === 'create' ? after.orders - before.orders : after.versions - before.versions;
  if (stored >= answers && stored <= answers + callers) return null;
  return `${stored} rows were written for ${answers} answers`;
}
