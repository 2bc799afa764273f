import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  OperationTypeNode,
  parse,
  validate,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import { renewContext, type Context } from '../graphql/context.js';
import { assertAffordable } from '../graphql/cost.js';
import type { ErrorFormatter } from '../graphql/errors.js';
import { refusalOfOrigin, refusalOnLoopback } from './loopback.js';

export interface WebsocketOptions {
  readonly server: Server;
  readonly schema: GraphQLSchema;
  readonly guarded: boolean;
  readonly maxBytes: number;
  readonly maxTokens: number;
  readonly maxCost: number;
  /** Websockets at once, and subscriptions of one. */
  readonly maxSockets: number;
  readonly maxSubscriptions: number;
  readonly createContext: (signal: AbortSignal) => Context;
  readonly formatError: ErrorFormatter;
  readonly log: Logger;
}

export interface Websockets {
  /** Tells every client that the server goes away, and cuts those that do not listen. */
  close(): Promise<void>;
}

const INIT_TIMEOUT_MS = 5_000;
const CLOSE_PATIENCE_MS = 2_000;

/** Subscriptions over graphql-transport-ws, at the same address as HTTP. */
export function serveWebsockets(options: WebsocketOptions): Websockets {
  const {
    server,
    schema,
    guarded,
    maxBytes,
    maxTokens,
    maxCost,
    maxSockets,
    maxSubscriptions,
    createContext,
    formatError,
    log,
  } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxBytes });
  const gone = new WeakMap<object, AbortController>();

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isOurs = request.url?.split('?')[0] === '/graphql';
    const refusal = (guarded ? refusalOnLoopback(request.headers) : null) ?? refusalOfOrigin(request.headers);
    const status = upgradeRefusal(isOurs, refusal, sockets.clients.size >= maxSockets);
    if (status !== null) {
      refuse(socket, status);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  }
  server.on('upgrade', upgrade);

  const format = (error: GraphQLError) => formatError(error.toJSON(), error);
  const handle = useServer(
    {
      schema,
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      isProd: true, // never an error's own words in a close reason
      onConnect: ({ extra }) => {
        const controller = new AbortController();
        gone.set(extra.socket, controller);
        extra.socket.once('close', () => controller.abort());
        return true;
      },
      context: ({ extra }) => createContext(gone.get(extra.socket)?.signal ?? AbortSignal.abort()),
      onSubscribe: ({ subscriptions }, _id, payload) => {
        if (Object.keys(subscriptions).length > maxSubscriptions) return [tooMany(maxSubscriptions)];
        return prepare(schema, payload, maxTokens, maxCost);
      },
      subscribe: subscribeWithFreshContext as never,
      onError: (_socket, _id, _payload, errors) => errors.map((error) => format(toGraphQLError(error))),
      onNext: (_socket, _id, _payload, _args, result) => {
        if (result.errors === undefined) return undefined;
        return { ...result, errors: result.errors.map((error) => format(toGraphQLError(error))) } as never;
      },
    },
    sockets,
  );
  sockets.on('wsClientError', (error) => log.debug({ err: error }, 'a websocket handshake failed'));

  return {
    async close() {
      server.off('upgrade', upgrade);
      const cut = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, CLOSE_PATIENCE_MS);
      await handle.dispose();
      clearTimeout(cut);
    },
  };
}

function upgradeRefusal(isOurs: boolean, refusal: string | null, full: boolean): string | null {
  if (!isOurs) return '404 Not Found';
  if (refusal !== null) return '403 Forbidden';
  return full ? '503 Service Unavailable' : null;
}

/** Nobody else listens on a socket that asked for an upgrade: not to its errors, nor for its end. */
function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface Operation {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** Parses and validates within the limits that HTTP has; websockets carry subscriptions only. */
function prepare(schema: GraphQLSchema, operation: Operation, maxTokens: number, maxCost: number) {
  const { query, operationName, variables } = operation;
  let document;
  try {
    document = parse(query, { maxTokens });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'GRAPHQL_PARSE_FAILED')];
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
  const chosen = getOperationAST(document, operationName);
  if (chosen?.operation !== OperationTypeNode.SUBSCRIPTION) {
    const message = 'Websockets carry subscriptions only; send queries and mutations by HTTP.';
    return [withCode(new GraphQLError(message), 'BAD_REQUEST')];
  }
  const coerced = getVariableValues(schema, chosen.variableDefinitions ?? [], variables ?? {});
  if (coerced.errors !== undefined) return coerced.errors.map((error) => withCode(error, 'BAD_USER_INPUT'));
  try {
    assertAffordable(schema, document, {
      variables: variables ?? {},
      operationName: operationName ?? undefined,
      maxCost,
    });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'BAD_USER_INPUT')];
  }
  return { schema, document, operationName: operationName ?? null, variableValues: variables ?? {} };
}

function tooMany(most: number): GraphQLError {
  const message = `One websocket carries at most ${most} subscriptions.`;
  return withCode(new GraphQLError(message), 'THROTTLED');
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, path, originalError } = error;
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions: { code } } as never);
}

function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}

type Args = Omit<ExecutionArgs, 'contextValue'> & { readonly contextValue: Context };

/**
 * What graphql-js' `subscribe` does, but each event is answered under a context of its own: loaders remember what they
 * have read, and a subscription lives long. An error of the source is the last answer, not the end of the socket.
 */
async function subscribeWithFreshContext(
  args: Args,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]();
  let over = false;
  return {
    async next() {
      if (over) return { done: true, value: undefined };
      try {
        const step = await events.next();
        if (step.done === true) return { done: true, value: undefined };
        const contextValue = renewContext(args.contextValue);
        return { done: false, value: await execute({ ...args, rootValue: step.value, contextValue }) };
      } catch (cause) {
        over = true;
        return { done: false, value: { errors: [toGraphQLError(cause)] } };
      }
    },
    async return() {
      over = true;
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator](): AsyncIterableIterator<ExecutionResult> {
      return this as AsyncIterableIterator<ExecutionResult>;
    },
  };
}
