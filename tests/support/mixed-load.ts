import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CREATE_ORDER, TEA, type CreateOrderResponse } from './order-documents.js';
import type { GraphQLResponse, TestClient } from './client.js';

export type RequestKind = 'create' | 'read' | 'list';

/** A request and its response. */
export interface LoadedRequest {
  readonly kind: RequestKind;
  readonly began: number;
  readonly ended: number;
  /** Null for a success. */
  readonly failure: LoadFailure | null;
}

export interface LoadFailure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfter: string | null;
  readonly isUnknown: boolean;
}

/** Creates and reads that continue while the database fails. A failed create is retried with the same id. */
export interface MixedLoad {
  readonly requests: readonly LoadedRequest[];
  /** Ids of the orders of which a response has acknowledged the creation. */
  readonly acknowledged: ReadonlySet<string>;
  /** How many creations had an unknown outcome and were then acknowledged as stored by the first request. */
  readonly replays: () => number;
  /** Sends a create and a read, besides those of the callers. */
  probe(): Promise<readonly LoadedRequest[]>;
  /** The time from `since` to the end of the first successful request of the kind that began after it, in milliseconds. */
  firstSuccess(kind: RequestKind, since: number): Promise<number>;
  /** Ends after the requests in progress; every creation is then acknowledged. */
  stop(): Promise<void>;
}

const MAX_WAIT_MS = 30_000;
const READ = 'query ($id: ID!) { order(id: $id) { id status } }';
const LIST = '{ orders(first: 5) { nodes { id } } }';

export interface MixedLoadOptions {
  readonly writers?: number;
  readonly readers?: number;
  /** Pause of a caller between its requests. */
  readonly pauseMs?: number;
}

export function startMixedLoad(
  client: Pick<TestClient, 'request'>,
  { writers = 6, readers = 4, pauseMs = 10 }: MixedLoadOptions = {},
): MixedLoad {
  const requests: LoadedRequest[] = [];
  const acknowledged = new Set<string>();
  const stopping = new AbortController();
  let replays = 0;

  async function measure<T>(kind: RequestKind, query: string, variables: object) {
    const began = performance.now();
    const response = await client.request<T>(query, variables).catch((cause: unknown) => lost(cause));
    const request: LoadedRequest = { kind, began, ended: performance.now(), failure: failureOf(response) };
    return { request, response };
  }

  async function send<T>(kind: RequestKind, query: string, variables: object): Promise<T | null> {
    const { request, response } = await measure<T>(kind, query, variables);
    requests.push(request);
    await sleep(pauseMs);
    return response.errors === undefined ? response.data : null;
  }

  async function write(): Promise<void> {
    while (!stopping.signal.aborted) {
      const id = randomUUID();
      let stored: CreateOrderResponse | null = null;
      while (stored === null)
        stored = await send<CreateOrderResponse>('create', CREATE_ORDER, { input: { id, items: [TEA] } });
      if (stored.createOrder.order?.id !== id) throw new Error(`rejected: ${JSON.stringify(stored)}`);
      if (stored.createOrder.replayed) replays += 1;
      acknowledged.add(id);
    }
  }

  async function read(): Promise<void> {
    while (!stopping.signal.aborted) {
      const [id = randomUUID()] = acknowledged;
      await send('read', READ, { id });
      await send('list', LIST, {});
    }
  }

  const running = Promise.all([...Array.from({ length: writers }, write), ...Array.from({ length: readers }, read)]);
  running.catch(() => undefined); // `stop` rejects
  return {
    requests,
    acknowledged,
    replays: () => replays,
    async probe() {
      const probes = [
        measure('create', CREATE_ORDER, { input: { items: [TEA] } }),
        measure('read', READ, { id: randomUUID() }),
      ];
      return (await Promise.all(probes)).map(({ request }) => request);
    },
    async firstSuccess(kind, since) {
      for (;;) {
        if (performance.now() > since + MAX_WAIT_MS) return Number.POSITIVE_INFINITY;
        const found = requests.find((each) => each.kind === kind && each.failure === null && each.began >= since);
        if (found !== undefined) return found.ended - since;
        await sleep(5);
      }
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** A failed connection has no response. */
function lost(cause: unknown): GraphQLResponse<never> {
  const message = cause instanceof Error ? `${cause.message}: ${String(cause.cause)}` : String(cause);
  return {
    status: 0,
    headers: new Headers(),
    data: null as never,
    errors: [{ message, extensions: { code: 'NO_RESPONSE' } }],
  };
}

function failureOf({ status, headers, errors }: GraphQLResponse<unknown>): LoadFailure | null {
  const [error] = errors ?? [];
  if (error === undefined) return null;
  const { code, outcome } = error.extensions;
  return {
    status,
    code,
    message: error.message,
    retryAfter: headers.get('retry-after'),
    isUnknown: outcome === 'UNKNOWN',
  };
}

/** The failures without the documented form of a retryable one: 503 with Retry-After, or an unknown outcome. */
export function unexpectedFailures(requests: readonly LoadedRequest[]): readonly LoadFailure[] {
  return requests
    .flatMap(({ failure }) => failure ?? [])
    .filter(({ status, code, retryAfter, isUnknown }) => {
      const isRetryable = status === 503 && (code === 'SERVICE_UNAVAILABLE' || code === 'OVERLOADED');
      return !isRetryable || (retryAfter === null) !== isUnknown;
    });
}
