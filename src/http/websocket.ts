import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphQLError, type ExecutionResult, type GraphQLSchema, type ValidationRule } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Server as ProtocolServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Authenticate } from '../auth/authenticate.js';
import type { Viewer } from '../domain/viewer.js';
import type { Context, EventCharge, RequestOrigin } from '../graphql/context.js';
import { toGraphQLError, withCode, type ErrorFormatter } from '../graphql/errors.js';
import type { LogPoint } from '../graphql/last-cursor.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { Tracer } from '../observability/span.js';
import { authenticateConnection } from './authenticate-connection.js';
import { retryAfterOf, type ChargeFor } from './charge-for.js';
import { reject } from './connections.js';
import { ObservedSubscription } from './observed-subscription.js';
import type { RequestGuard } from './request-guard.js';
import type { RunningSubscriptions } from './running-subscriptions.js';
import { inSubscriptionSpan } from './request-spans.js';
import { createSlices } from './slices.js';
import { subscribeInSlices, type SubscriptionArgs } from './subscribe.js';
import { chargeSubscription, eventCharge } from './subscription-charge.js';
import { createSubscriptionDocuments } from './subscription-documents.js';
import { codesOf, type EndedSubscription, type TransportObserver } from './transport-observer.js';
import type { TrustedDocuments } from './trusted-documents.js';
import { createViewerSockets } from './viewer-sockets.js';
import { openConnection, type Connection } from './websocket-connection.js';

export interface WebsocketOptions {
  readonly server: Server;
  readonly schema: GraphQLSchema;
  readonly documents: PreparedDocuments;
  /** Null if any document is executed. */
  readonly trusted: TrustedDocuments | null;
  /** Besides those of the specification. */
  readonly rules: readonly ValidationRule[];
  readonly guard: RequestGuard;
  /** Maximum size of a message. */
  readonly maxMessageBytes: number;
  readonly maxTokens: number;
  readonly maxCost: number;
  /** Maximum time for receiving a request or the first message of a websocket, in milliseconds. */
  readonly receiveTimeoutMs: number;
  /** Maximum number of open websockets, and of subscriptions on one of them. */
  readonly maxSockets: number;
  readonly maxSocketsOfViewer: number;
  readonly maxSubscriptions: number;
  /** Maximum number of unsent bytes of a websocket. */
  readonly maxUnsentBytes: number;
  /** Whether the server closes its websockets. */
  readonly isClosing: () => boolean;
  readonly authenticate: Authenticate;
  readonly chargeFor: ChargeFor;
  readonly createContext: (origin: RequestOrigin, charge: EventCharge) => Context;
  readonly formatError: ErrorFormatter;
  readonly observer: TransportObserver;
  /** Null without traces. */
  readonly tracer: Tracer | null;
  readonly log: Logger;
}

export interface Websockets {
  /** Number of open websockets. */
  count(): number;
  /**
   * Closes every websocket when its subscriptions have ended, and terminates those whose client does not respond. The
   * subscription hub must be closed before.
   */
  close(): Promise<void>;
}

const MAX_INIT_MS = 5_000;
/** Close code of a server that shuts down. */
const GOING_AWAY = 1001;
const CLOSE_TIMEOUT_MS = 2_000;
/** Maximum time in which the subscriptions end before their websockets are closed. */
const END_TIMEOUT_MS = 1_000;
/** Maximum number of fragments of a message. Each one can keep the 64 KB in memory that were read together with it. */
const MAX_FRAGMENTS = 256;
/** Maximum total length of a websocket's subscribe messages, in characters. Their parsed form is many times larger. */
const MAX_KEPT_CHARACTERS = 500_000;
/** Maximum length of a subscription id, which is repeated in each of its messages. */
const MAX_ID_LENGTH = 128;

/** Serves subscriptions over graphql-transport-ws, at the same address as HTTP. */
export function serveWebsockets(options: WebsocketOptions): Websockets {
  const { server, guard, maxMessageBytes, maxSockets, maxUnsentBytes, isClosing, chargeFor, log } = options;
  const socketOptions = {
    noServer: true,
    maxPayload: maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    autoPong: false, // websocket-connection.ts limits the pongs
    allowSynchronousEvents: false, // one message per turn of the event loop, so that a flood does not block it
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols,
  };
  const sockets = new WebSocketServer(socketOptions);
  const protocol = createProtocol(options);
  const open = new Map<WebSocket, RunningSubscriptions>();

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { rejection } = guard(request.headers); // browsers let any page open a websocket to any server
    const throttled = chargeFor(null, request)?.rejectionOnArrival() ?? null;
    if (rejection !== null) {
      reject(socket, '403 Forbidden', { code: 'FORBIDDEN', message: rejection });
    } else if (sockets.clients.size >= maxSockets) {
      const message = 'The server has reached its limit of websockets (WEBSOCKETS_MAX). Retry later.';
      reject(socket, '503 Service Unavailable', { code: 'OVERLOADED', message, headers: ['Retry-After: 1'] });
    } else if (throttled !== null) {
      const { code, message, details } = throttled;
      const headers = [`Retry-After: ${retryAfterOf(details)}`];
      reject(socket, '429 Too Many Requests', { code, message, headers });
    } else {
      sockets.handleUpgrade(request, socket, head, (client) => {
        const { running } = openConnection(protocol, client, request, { maxUnsentBytes, isClosing, log });
        open.set(client, running);
        client.once('close', () => open.delete(client));
      });
    }
  });
  // With this listener, ws neither responds to a failed handshake nor closes its socket.
  sockets.on('wsClientError', (error, socket) => {
    const message = `The websocket handshake is not valid: ${error.message}.`;
    const headers = error.message.includes('Version') ? ['Sec-WebSocket-Version: 13'] : [];
    reject(socket, headers.length > 0 ? '426 Upgrade Required' : '400 Bad Request', {
      code: 'BAD_REQUEST',
      message,
      headers,
    });
  });

  return {
    count: () => sockets.clients.size,
    async close() {
      const ended = Promise.all([...open.values()].map((running) => running.ended()));
      await Promise.race([ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
      for (const client of sockets.clients) client.close(GOING_AWAY, 'Going away');
      await new Promise<void>((resolve, reject) => {
        sockets.close((error) => (error === undefined ? resolve() : reject(error)));
      });
    },
  };
}

/** graphql-transport-ws with the same limits as HTTP. */
function createProtocol(options: WebsocketOptions): ProtocolServer<Connection> {
  const { schema, documents, trusted, rules, maxTokens, maxCost, maxSubscriptions, receiveTimeoutMs } = options;
  const { authenticate, chargeFor, createContext, formatError, observer, tracer } = options;
  const prepare = createSubscriptionDocuments(schema, documents, { trusted, rules, maxTokens, maxCost });
  const admitSocket = createViewerSockets(options.maxSocketsOfViewer);
  const runInSlices = createSlices();
  const format = (error: GraphQLError) => formatError(error.toJSON(), error);

  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: Math.min(MAX_INIT_MS, receiveTimeoutMs),
    onConnect: async ({ extra, connectionParams }) => {
      const isAuthenticated = await authenticateConnection(extra, connectionParams ?? {}, authenticate);
      if (extra.identity === null) chargeFor(null, extra.request)?.end();
      else admitSocket(extra);
      return isAuthenticated;
    },
    context: ({ extra }, _id, _payload, args) => {
      const { charge } = args as unknown as SubscriptionArgs; // what onSubscribe has returned
      return createContext({ viewer: viewerOf(extra), signal: extra.gone, traceparent: null }, charge);
    },
    onSubscribe: async ({ extra }, id, payload) => {
      const onStarted = extra.starting.begin();
      extra.message.endStart = onStarted;
      const viewer = viewerOf(extra);
      const charge = chargeFor(viewer, extra.request);
      const errors = countSubscription(extra, id, maxSubscriptions);
      if (errors.length > 0) {
        onStarted();
        charge?.end();
        return errors;
      }
      const isKnown = documents.get(payload.query) !== undefined;
      const prepareForViewer = () => prepare(payload, viewer);
      const prepared =
        charge === null
          ? prepareForViewer()
          : await chargeSubscription(charge, payload, { isKnown, prepare: prepareForViewer });
      if ('operation' in prepared) {
        const { operation, cost } = prepared;
        const observed = new ObservedSubscription(observer, { viewer, operation, cost }, extra.gone);
        const onSent = (last: LogPoint | null) => extra.running.sent(id, last);
        return { ...prepared, charge: eventCharge(charge, cost), onStarted, observed, onSent };
      }
      onStarted();
      await extra.starting.settled(); // rejections are sent in the order of their messages
      return prepared;
    },
    subscribe: ((args: SubscriptionArgs) =>
      inSubscriptionSpan(tracer, args.operation, () => subscribeInSlices(args, runInSlices))) as never,
    onError: ({ extra }, _id, _payload, errors) => {
      const formatted = errors.map((error) => format(toGraphQLError(error)));
      observer.subscriptionEnded(rejectedSubscription(extra, codesOf(formatted)));
      return formatted;
    },
    onNext: (_context, _id, _payload, args, result) => {
      const { errors } = result as ExecutionResult;
      const formatted = errors?.map((error) => format(toGraphQLError(error)));
      (args as unknown as SubscriptionArgs).observed.sent(formatted);
      return formatted === undefined ? undefined : ({ ...result, errors: formatted } as never);
    },
  });
}

/** A subscription that was rejected before its operation was accepted. */
function rejectedSubscription({ identity }: Connection, codes: readonly string[]): EndedSubscription {
  const viewer = identity?.viewer ?? null;
  return { viewer, operation: null, cost: null, durationMs: 0, events: 0, reason: 'rejected', codes };
}

function viewerOf({ identity }: Connection): Viewer {
  if (identity === null) throw new Error('A subscription began before its websocket was authenticated.');
  return identity.viewer;
}

/** Counts a subscription as running. @returns the errors of one that is beyond a limit of its websocket */
function countSubscription(
  { socket, message, running }: Connection,
  id: string,
  maxSubscriptions: number,
): readonly GraphQLError[] {
  if (id.length > MAX_ID_LENGTH) {
    socket.close(CloseCode.BadRequest, `The subscription id must have at most ${MAX_ID_LENGTH} characters`);
    return [new GraphQLError('The subscription id is too long.')];
  }
  const isInUse = running.has(id);
  message.subscriptionId = id;
  running.add(id, message.length);
  if (isInUse) return [inUse()];
  if (running.count > maxSubscriptions) return [tooMany(maxSubscriptions)];
  return running.characters > MAX_KEPT_CHARACTERS ? [tooLarge(MAX_KEPT_CHARACTERS)] : [];
}

function inUse(): GraphQLError {
  const message = 'The subscription with this id has not ended yet. Use a new id for each subscription.';
  return withCode(new GraphQLError(message), 'BAD_REQUEST');
}

function tooMany(most: number): GraphQLError {
  const message = `A websocket must have at most ${most} subscriptions.`;
  return withCode(new GraphQLError(message), 'THROTTLED');
}

function tooLarge(most: number): GraphQLError {
  const message = `The subscriptions of a websocket must have at most ${most} characters in total.`;
  return withCode(new GraphQLError(message), 'THROTTLED');
}
