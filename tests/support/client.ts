import { createClient as createWebsocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface GraphQLError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
}

export interface GraphQLResponse<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: T;
  readonly errors?: readonly GraphQLError[];
}

export interface TestClient {
  readonly url: string;
  /** Sends one GraphQL request and returns its response, including errors. */
  readonly request: <T = Record<string, never>>(query: string, variables?: object) => Promise<GraphQLResponse<T>>;
  /** Sends one GraphQL request and returns its data. Rejects if the response has errors. */
  readonly get: <T>(query: string, variables?: object) => Promise<T>;
  /** Subscribes, and resolves when the server has started the subscription. */
  readonly subscribe: <T>(query: string, variables?: object) => Promise<TestSubscription<T>>;
  readonly dispose: () => Promise<void>;
}

/** A running subscription and the events received so far. */
export interface TestSubscription<T> {
  readonly seen: readonly T[];
  readonly errors: readonly GraphQLError[];
  /** Resolves when `done` is true for the received events; rejects after the timeout. */
  readonly until: (done: (seen: readonly T[]) => boolean, timeoutMs?: number) => Promise<readonly T[]>;
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
}

/** @param token the bearer token of all requests and of the websocket */
export function createClient(url: string, token?: string): TestClient {
  const credentials: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const websocket = createWebsocketClient({
    url: url.replace('http', 'ws'),
    connectionParams: credentials,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });

  async function request<T>(query: string, variables: object = {}): Promise<GraphQLResponse<T>> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...credentials },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as Pick<GraphQLResponse<T>, 'data' | 'errors'>;
    return { ...body, status: response.status, headers: response.headers };
  }

  async function get<T>(query: string, variables?: object): Promise<T> {
    const { data, errors } = await request<T>(query, variables);
    if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
    return data;
  }

  async function subscribe<T>(query: string, variables: object = {}): Promise<TestSubscription<T>> {
    const seen: T[] = [];
    const errors: GraphQLError[] = [];
    const waiting = new Set<() => void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    const stop = websocket.subscribe<T>(
      { query, variables: variables as Record<string, unknown> },
      {
        next(result) {
          if (result.data !== null && result.data !== undefined) seen.push(result.data);
          errors.push(...((result.errors ?? []) as unknown as GraphQLError[]));
          for (const check of waiting) check();
        },
        error: (cause) => {
          if (Array.isArray(cause)) errors.push(...(cause as GraphQLError[]));
          end(cause);
        },
        complete: () => end(undefined),
      },
    );
    await settled(websocket);
    return {
      seen,
      errors,
      ended,
      stop,
      until: (done, timeoutMs = 10_000) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(
            () => reject(new Error(`timeout; the last of ${seen.length} events: ${JSON.stringify(seen.slice(-3))}`)),
            timeoutMs,
          );
          const check = () => {
            if (!done(seen)) return;
            clearTimeout(timer);
            waiting.delete(check);
            resolve(seen);
          };
          waiting.add(check);
          check();
        }),
    };
  }

  return { url, request, get, subscribe, dispose: async () => websocket.dispose() };
}

/** The server processes the messages of one socket in order: when the probe is rejected, earlier messages are done. */
async function settled(websocket: ReturnType<typeof createWebsocketClient>): Promise<void> {
  await new Promise<void>((resolve) => {
    websocket.subscribe(
      { query: '{ __typename }' },
      { next: () => undefined, error: () => resolve(), complete: () => resolve() },
    );
  });
}
