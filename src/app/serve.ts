import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createTokenAuthentication } from '../auth/authenticate-by-token.js';
import type { Authenticate } from '../auth/authenticate.js';
import { authenticateAsOpenAdmin } from '../auth/open-viewer.js';
import { createRemoteKeys } from '../auth/remote-keys.js';
import { createSecretKeys } from '../auth/secret-keys.js';
import type { Config } from '../config.js';
import {
  createContext,
  type Context,
  type EventCharge,
  type RequestOrigin,
  type Services,
} from '../graphql/context.js';
import { createErrorFormatter } from '../graphql/errors.js';
import { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import { introspectionRules } from '../graphql/introspection-rule.js';
import { policyOf } from '../graphql/policy.js';
import { createSchema } from '../graphql/schema.js';
import { createApollo } from '../http/apollo.js';
import { createChargeFor } from '../http/charge-for.js';
import { createAddressOf } from '../http/client-address.js';
import { createConnectionClosing } from '../http/close-connections.js';
import { createFastLane } from '../http/fast-lane.js';
import { createFinish } from '../http/finish-response.js';
import { listenOn } from '../http/listen.js';
import { createRequestGuard } from '../http/request-guard.js';
import { createHttp, urlOf, type HttpOptions } from '../http/server.js';
import { loadTrustedDocuments } from '../http/trusted-documents.js';
import type { ServingState } from '../http/serving-state.js';
import { serveWebsockets } from '../http/websocket.js';
import { reportOf } from '../observability/part-monitor.js';
import { createMemoryRateLimiter } from '../rate-limit/memory-rate-limiter.js';
import type { RequestLog } from '../observability/request-log.js';
import type { RateLimiter } from '../rate-limit/rate-limiter.js';
import { createRedisRateLimiter } from '../rate-limit/redis-rate-limiter.js';
import type { RedisConnection } from '../redis/redis-connection.js';
import { metricsOptions, watchServer } from './metrics.js';
import type { TracedSetup } from './setup.js';
import { createTransportObserver } from './transport-observer.js';

export function rateLimiterOf({ rateLimit }: Config, redis: RedisConnection | null): RateLimiter | null {
  if (rateLimit === null) return null;
  return redis === null ? createMemoryRateLimiter(rateLimit) : createRedisRateLimiter(rateLimit, redis);
}

function authenticationOf({ auth }: Config, log: Logger): Authenticate {
  switch (auth.kind) {
    case 'open':
      return authenticateAsOpenAdmin;
    case 'secret':
      return createTokenAuthentication(createSecretKeys(auth.secret), auth.rules);
    case 'jwks':
      return createTokenAuthentication(createRemoteKeys({ url: auth.url, log }), auth.rules);
  }
}

interface ServeDependencies extends Pick<HttpOptions, 'consumers' | 'problem'> {
  readonly rateLimiter: RateLimiter | null;
  /** Null if requests are not logged. */
  readonly requestLog: RequestLog | null;
  /** Called when the server stops accepting connections. */
  readonly onClosing: () => void;
}

/** Time that idle connections stay open after the server has stopped accepting new ones, unless a shutdown has no delay. */
const LINGER_MS = 3_000;

export async function serve(
  { config, log, resources, parts, metrics, tracer }: TracedSetup,
  services: Services,
  { rateLimiter, requestLog, onClosing, problem, consumers }: ServeDependencies,
): Promise<string> {
  const { request, introspection, playground, trustedDocuments, shutdownGraceMs, shutdownDelayMs } = config;
  const schema = createSchema(policyOf(config.policy));
  const formatError = createErrorFormatter(services.report, { hideSuggestions: !introspection });
  const documents = new PreparedDocuments(schema, request.fastLane ? 'plan' : 'graphql-js');
  const rules = introspectionRules(introspection);
  const trusted =
    trustedDocuments === null
      ? null
      : await loadTrustedDocuments(trustedDocuments, documents, schema, { ...request, rules });
  const addressOf = createAddressOf(config.trustedProxies);
  const shared = {
    ...request,
    guard: createRequestGuard(config.guard),
    rules,
    trusted,
    documents,
    chargeFor: createChargeFor(rateLimiter, addressOf),
    authenticate: authenticationOf(config, log),
    createContext: (origin: RequestOrigin, charge?: EventCharge): Context => createContext(services, origin, charge),
    observer: createTransportObserver(metrics, requestLog),
    log,
    tracer,
  };

  const finish = createFinish(request.maxResponseBytes);
  const apollo = createApollo({ ...request, schema, documents, formatError, finish, rules, log });
  await apollo.start();
  resources.defer(() => apollo.stop());
  let state: ServingState = 'serving';
  const reports = { state: () => state, problem, consumers, parts: () => reportOf(parts) };
  const fastLane = request.fastLane ? createFastLane({ ...request, documents, formatError, finish }) : null;
  const http = createHttp({
    ...shared,
    ...reports,
    apollo,
    fastLane,
    playground,
    metrics: metricsOptions(config, metrics),
  });
  resources.defer(() => http.close());
  const closeConnections = createConnectionClosing(http.server);
  const websockets = serveWebsockets({
    ...shared,
    ...config.websockets,
    isClosing: () => state === 'closing',
    server: http.server,
    schema,
    formatError,
  });
  const unready = () => (state === 'serving' ? problem() : Promise.resolve('shutting down'));
  watchServer(metrics, { server: http.server, websockets, unready });
  resources.defer(async () => {
    if (http.server.listening) {
      state = 'draining';
      await sleep(shutdownDelayMs);
    }
    state = 'closing';
    onClosing();
    const times = { lingerMs: shutdownDelayMs > 0 ? LINGER_MS : 0, graceMs: shutdownGraceMs };
    await Promise.all([closeConnections(times), websockets.close()]);
  });
  await listenOn(http, config);
  return urlOf(http, config.host);
}
