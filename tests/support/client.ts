import { createClient as createWebsocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface GraphQLError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: T;
  readonly errors?: readonly GraphQLError[];
}

export interface TestClient {
  readonly url: string;
  /** One GraphQL request; answers whatever came, errors included. */
  readonly ask: <T = Record<string, never>>(query: string, variables?: object) => Promise<Answer<T>>;
  /** One GraphQL request that must succeed. */
  readonly get: <T>(query: string, variables?: object) => Promise<T>;
  /** Subscribes, and resolves once the server has the subscription. */
  readonly watch: <T>(query: string, variables?: object) => Promise<Watch<T>>;
  readonly dispose: () => Promise<void>;
}

/** A running subscription: what has come so far, and waiting for more. */
export interface Watch<T> {
  readonly seen: readonly T[];
  readonly errors: readonly GraphQLError[];
  /** Resolves when `done` holds for the events received; rejects after the timeout. */
  readonly until: (done: (seen: readonly T[]) => boolean, timeoutMs?: number) => Promise<readonly T[]>;
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
}

export function createClient(url: string): TestClient {
  const websocket = createWebsocketClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });

  async function ask<T>(query: string, variables: object = {}): Promise<Answer<T>> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as Pick<Answer<T>, 'data' | 'errors'>;
    return { ...body, status: response.status, headers: response.headers };
  }

  async function get<T>(query: string, variables?: object): Promise<T> {
    const { data, errors } = await ask<T>(query, variables);
    if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
    return data;
  }

  async function watch<T>(query: string, variables: object = {}): Promise<Watch<T>> {
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
            () => reject(new Error(`not seen in time; the last of ${seen.length}: ${JSON.stringify(seen.slice(-3))}`)),
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

  return { url, ask, get, watch, dispose: async () => websocket.dispose() };
}

/** The server answers the messages of one socket in order: once the probe is rejected, earlier messages are processed. */
async function settled(websocket: ReturnType<typeof createWebsocketClient>): Promise<void> {
  await new Promise<void>((resolve) => {
    websocket.subscribe(
      { query: '{ __typename }' },
      { next: () => undefined, error: () => resolve(), complete: () => resolve() },
    );
  });
}
