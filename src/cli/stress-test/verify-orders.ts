import { isDeepStrictEqual } from 'node:util';
import { StartupError } from '../../startup-error.js';
import type { GraphQLClient } from '../graphql-client.js';
import { emailOf, plannedOrder, READ_FIELDS, type StressRun } from './planned-orders.js';

/** The result of reading back. The lists hold the notes of orders, which identify them. */
export interface Verification {
  readonly read: number;
  /** Acknowledged orders that the server does not have. */
  readonly lost: readonly string[];
  /** Orders that differ from their request. */
  readonly different: readonly string[];
  /** Requested orders that exist more than once. */
  readonly doubled: readonly string[];
  /** Orders that exist although their request failed: its outcome was unknown. */
  readonly unacknowledged: number;
}

const READ_CONCURRENCY = 8;
const PAGE = 100;
const READ = `query StressTestRead($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { ${READ_FIELDS} } } }`;
const LIST = `query StressTestList($email: String!, $after: String) {
  orders(first: ${PAGE}, after: $after, where: { customerEmail: { eq: $email } }) {
    nodes { id notes } pageInfo { hasNextPage endCursor }
  }
}`;

/** Reads all created orders by id and compares them, then lists all orders of the run. */
export async function verifyOrders(
  client: GraphQLClient,
  run: StressRun,
  ids: ReadonlyMap<number, string>,
  onProgress: (done: number) => void,
): Promise<Verification> {
  const compared = await compareOrders(client, run, [...ids], onProgress);
  const copies = await listCopies(client, run);
  const doubled = [...copies].flatMap(([key, count]) => (count > 1 ? key : []));
  const acknowledged = new Set([...ids.keys()].map((number) => plannedOrder(run, number).key));
  const unlisted = [...acknowledged].filter((key) => !copies.has(key));
  return {
    read: ids.size,
    lost: [...new Set([...compared.lost, ...unlisted])],
    different: compared.different,
    doubled,
    unacknowledged: [...copies.keys()].filter((key) => !acknowledged.has(key)).length,
  };
}

type Stored = Readonly<Record<string, unknown>> & { readonly id: string };

async function compareOrders(
  client: GraphQLClient,
  run: StressRun,
  created: readonly (readonly [number, string])[],
  onProgress: (done: number) => void,
) {
  const lost: string[] = [];
  const different: string[] = [];
  let next = 0;
  let done = 0;
  async function readPages(): Promise<void> {
    while (next < created.length) {
      const page = created.slice(next, (next += PAGE));
      const ids = page.map(([, id]) => id);
      const { nodes } = await query<{ readonly nodes: readonly (Stored | null)[] }>(client, READ, { ids });
      for (const [index, [number, id]] of page.entries()) {
        const { key, expected } = plannedOrder(run, number);
        const stored = nodes[index] ?? null;
        if (stored === null) lost.push(key);
        else if (!isDeepStrictEqual(stored, { id, ...expected })) different.push(key);
      }
      onProgress((done += page.length));
    }
  }
  await Promise.all(Array.from({ length: READ_CONCURRENCY }, readPages));
  return { lost, different };
}

interface Listed {
  readonly orders: {
    readonly nodes: readonly { readonly id: string; readonly notes: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** How many orders of the run have the same notes. */
async function listCopies(client: GraphQLClient, run: StressRun): Promise<ReadonlyMap<string, number>> {
  const copies = new Map<string, number>();
  let after: string | null = null;
  let hasNextPage = true;
  while (hasNextPage) {
    const { orders }: Listed = await query<Listed>(client, LIST, { email: emailOf(run), after });
    for (const { notes } of orders.nodes) copies.set(notes, (copies.get(notes) ?? 0) + 1);
    ({ hasNextPage, endCursor: after } = orders.pageInfo);
  }
  return copies;
}

const ATTEMPTS = 20;
const PAUSE_MS = 500;
const TEMPORARY = new Set(['THROTTLED', 'OVERLOADED', 'SERVICE_UNAVAILABLE', 'HTTP_429', 'HTTP_502', 'HTTP_503']);

/** Reads are retried: a server that the creations have overloaded must not hide their result. */
async function query<Data>(client: GraphQLClient, text: string, variables: object): Promise<Data> {
  let problem = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      const { data, errorCode, message } = await client.send(JSON.stringify({ query: text, variables }));
      if (errorCode === null && data !== null) return data as Data;
      problem = message ?? errorCode ?? 'no data';
      if (errorCode !== null && !TEMPORARY.has(errorCode)) break;
    } catch (cause) {
      problem = (cause as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new StartupError(`The orders could not be read back, so the test has no result: ${problem}`);
}
