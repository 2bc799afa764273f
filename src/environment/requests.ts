import { choice, networks, url, whole, type Variable } from '../variable-kinds.js';

/** Limits of requests, responses and connections. */
export const REQUEST_VARIABLES = {
  GRAPHQL_FAST_LANE: choice(
    'on',
    ['on', 'off'],
    'Whether requests of known documents are executed by a prepared plan, without the request pipeline of Apollo Server. `off` executes every request by Apollo Server and graphql-js, with the same responses.',
  ),
  REQUEST_DEADLINE_MS: whole(10_000, 100, 600_000, 'Maximum duration of a request, in milliseconds.'),
  REQUEST_MAX_BYTES: whole(1_000_000, 1_000, 100_000_000, 'Maximum size of an HTTP request body, in bytes.'),
  REQUEST_MAX_TOKENS: whole(5_000, 100, 1_000_000, 'Maximum number of lexical tokens in a GraphQL document.'),
  REQUEST_MAX_COST: whole(500_000, 100, 10_000_000, 'Maximum cost of a request; see docs/cost.md.'),
  RESPONSE_MAX_BYTES: whole(
    10_000_000,
    10_000,
    1_000_000_000,
    'Maximum size of an HTTP response, in bytes. The response to a stored mutation is never rejected.',
  ),
  RATE_LIMIT: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether the cost of the requests of a viewer, or of an address without one, is limited; see docs/cost.md. `auto` limits it if authentication is configured.',
  ),
  RATE_LIMIT_CAPACITY: whole(
    1_000_000,
    100,
    1_000_000_000,
    'Maximum number of cost points that a client can spend at once. At least `REQUEST_MAX_COST`.',
  ),
  RATE_LIMIT_RESTORE: whole(100_000, 1, 1_000_000_000, 'Cost points that a client regains per second.'),
  REDIS_URL: url(
    /^rediss?:\/\/[^/?#]+(\/\d*)?$/,
    'redis:// or rediss:// URL',
    'Redis 7 or newer, by which several servers share the rate limits and the cached products. Without it, each server has its own.',
  ),
  TRUSTED_PROXIES: networks(
    'Proxies whose `X-Forwarded-For` header names the client. Without them, the header is ignored.',
  ),
  REQUEST_RECEIVE_TIMEOUT_MS: whole(
    30_000,
    500,
    600_000,
    'Maximum time to receive a request, or the first message of a WebSocket, in milliseconds.',
  ),
  HTTP_CONNECTIONS_MAX: whole(2_000, 1, 1_000_000, 'Maximum number of HTTP connections, WebSockets excluded.'),
  WEBSOCKETS_MAX: whole(10_000, 1, 1_000_000, 'Maximum number of WebSockets.'),
  WEBSOCKETS_MAX_PER_VIEWER: whole(
    100,
    1,
    1_000_000,
    'Maximum number of WebSockets of one viewer with a token. Further ones are closed with code 4414.',
  ),
  WEBSOCKET_MAX_BYTES: whole(65_536, 1_000, 100_000_000, 'Maximum size of a WebSocket message, in bytes.'),
  WEBSOCKET_MAX_SUBSCRIPTIONS: whole(1_000, 1, 100_000, 'Maximum number of subscriptions of one WebSocket.'),
  WEBSOCKET_MAX_UNSENT_BYTES: whole(
    4_000_000,
    1_000,
    1_000_000_000,
    'Maximum amount of unsent output of one WebSocket, in bytes. A WebSocket that exceeds it is closed with code 4413.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
