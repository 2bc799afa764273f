import 'reflect-metadata';
import { buildSchema, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { metricsOptions } from '../../src/app/metrics.js';
import { createTransportObserver } from '../../src/app/transport-observer.js';
import type { Authenticate } from '../../src/auth/authenticate.js';
import { authenticateAsOpenAdmin, OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { readConfig } from '../../src/config.js';
import { createContext, type Context, type RequestOrigin, type Services } from '../../src/graphql/context.js';
import { applyPolicy } from '../../src/graphql/least-role.js';
import { createErrorFormatter } from '../../src/graphql/errors.js';
import { createApollo } from '../../src/http/apollo.js';
import { createFastLane } from '../../src/http/fast-lane.js';
import { createFinish } from '../../src/http/finish-response.js';
import { PreparedDocuments } from '../../src/graphql/execution/prepared-documents.js';
import { createRequestGuard } from '../../src/http/request-guard.js';
import { createHttp, urlOf } from '../../src/http/server.js';
import { serveWebsockets } from '../../src/http/websocket.js';
import { createMetrics } from '../../src/observability/metrics.js';
import { openWebsocket } from '../support/websocket.js';

/** A schema that returns the subject of the viewer. */
function subjectSchema(): GraphQLSchema {
  const schema = buildSchema('type Query { subject: String } type Subscription { subject: String }');
  applyPolicy(schema, { Query: { customer: 'subject' }, Subscription: { customer: 'subject' } });
  const fieldOf = (type: GraphQLObjectType | null | undefined) => type?.getFields()['subject'];
  for (const field of [fieldOf(schema.getQueryType()), fieldOf(schema.getSubscriptionType())]) {
    Object.assign(field ?? {}, { resolve: (_: unknown, __: unknown, { caller }: Context) => caller.viewer.subject });
  }
  Object.assign(fieldOf(schema.getSubscriptionType()) ?? {}, {
    subscribe: async function* () {
      yield 1;
      yield 2;
    },
  });
  return schema;
}

async function serveSubjects(authenticate: Authenticate): Promise<string> {
  const log = pino({ level: 'silent' });
  const metrics = createMetrics();
  const { request, guard, websockets: bounds } = readConfig({});
  const services = { orders: { readerFor: () => ({}) }, deadlineMs: 10_000 } as unknown as Services;
  const schema = subjectSchema();
  const formatError = createErrorFormatter(String);
  const documents = new PreparedDocuments(schema);
  const finish = createFinish(request.maxResponseBytes);
  const apollo = createApollo({ ...request, schema, documents, formatError, finish, rules: [], log });
  await apollo.start();
  const shared = {
    ...request,
    documents,
    chargeFor: () => null,
    guard: createRequestGuard(guard),
    rules: [],
    trusted: null,
    playground: false,
    authenticate,
    createContext: (origin: RequestOrigin) => createContext(services, origin),
    observer: createTransportObserver(metrics, null),
    tracer: null,
    log,
  };
  const fastLane = createFastLane({ ...request, documents, formatError, finish });
  const readiness = {
    state: () => 'serving' as const,
    problem: () => Promise.resolve(null),
    consumers: () => Promise.resolve([]),
    parts: () => ({}),
  };
  const options = metricsOptions({ metricsToken: null, guard }, metrics);
  const http = createHttp({ ...shared, ...readiness, apollo, fastLane, metrics: options });
  const websockets = serveWebsockets({
    isClosing: () => false,
    ...shared,
    ...bounds,
    server: http.server,
    schema,
    formatError,
  });
  await http.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await websockets.close();
    await http.close();
    await apollo.stop();
  });
  return urlOf(http, '127.0.0.1');
}

const bySubject: Authenticate = async ({ authorization }) => ({
  viewer: { issuer: 'test', subject: await Promise.resolve(String(authorization)), roles: ['customer'] },
  expiresAt: null,
});

test('the headers of a request determine its viewer', async () => {
  const url = await serveSubjects(bySubject);
  for (const authorization of ['ann', 'bob']) {
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ subject }"}' });
    expect(await response.json()).toMatchObject({ data: { subject: authorization } });
  }
});

test('the payload of connection_init determines the viewer of all events of a websocket', async () => {
  const url = await serveSubjects(bySubject);
  for (const authorization of ['ann', 'bob']) {
    const websocket = await openWebsocket(url, { init: false });
    websocket.send({ type: 'connection_init', payload: { authorization } });
    await websocket.until(({ type }) => type === 'connection_ack');
    websocket.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { subject }' } });
    await websocket.until(({ type }) => type === 'complete');
    const subjects = websocket.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload);
    expect(subjects).toEqual(Array.from({ length: 2 }, () => ({ data: { subject: authorization } })));
  }
});

test('a websocket whose authentication fails unexpectedly is closed with a correlation id', async () => {
  const url = await serveSubjects(() => Promise.reject(new Error('rejected')));
  const websocket = await openWebsocket(url, { init: false });
  websocket.send({ type: 'connection_init' });
  expect(await websocket.closed).toEqual({
    code: 4500,
    reason: expect.stringMatching(/^Internal server error \(correlation id [0-9a-f-]{36}\)$/) as string,
  });
  expect(websocket.messages).toEqual([]);
});

test('in the open mode every viewer is an admin without a subject', async () => {
  expect(await authenticateAsOpenAdmin({ authorization: 'Bearer ignored' })).toEqual({
    viewer: OPEN_ADMIN,
    expiresAt: null,
  });
});
