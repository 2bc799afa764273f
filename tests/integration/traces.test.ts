import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startServer } from '../support/server.js';
import {
  childrenOf,
  collectorOf,
  createTea,
  named,
  onServer,
  only,
  PARENT,
  post,
  TRACE_ID,
} from '../support/traces.js';

const database = useDatabase();

/** The kind of a span. */
const SERVER = 2;

async function storedContext(id: string): Promise<string | null> {
  const rows = await database.sql<{ traceparent: string | null }>(
    'SELECT traceparent FROM order_events WHERE order_id = $1',
    [id],
  );
  return rows[0]?.traceparent ?? null;
}

test.each(['on', 'off'])('a request is one trace, from its client to its statements (fast lane %s)', async (lane) => {
  const receiver = await startOtlpReceiver();
  const env = collectorOf(receiver, {
    GRAPHQL_FAST_LANE: lane,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20test',
  });
  const { id, headers } = await onServer(database, env, async (url) => {
    await createTea(url, { traceparent: `${PARENT.traceparent.slice(0, -1)}0` }); // the document is known now
    return createTea(url, PARENT);
  });

  const request = only(receiver, 'POST /graphql');
  expect(request).toMatchObject({
    kind: SERVER,
    traceId: TRACE_ID,
    parentSpanId: '00f067aa0ba902b7',
    traceState: 'vendor=one',
    resource: { 'service.name': 'ordergraph', 'deployment.environment.name': 'a test' },
    attributes: { 'http.request.method': 'POST', 'http.route': '/graphql', 'http.response.status_code': 200 },
  });
  const operation = only(receiver, 'mutation');
  expect(operation).toMatchObject({
    parentSpanId: request.spanId,
    attributes: { 'graphql.operation.type': 'mutation', 'graphql.operation.name': 'CreateTea' },
  });
  expect(childrenOf(receiver, operation)).toEqual(['batch write']);
  const batch = only(receiver, 'batch write');
  expect(batch.links).toMatchObject([{ traceId: TRACE_ID, spanId: operation.spanId }]);
  const transaction = only(receiver, 'transaction');
  expect(transaction.parentSpanId).toBe(batch.spanId);
  expect(childrenOf(receiver, transaction)).toEqual(expect.arrayContaining(['COMMIT']));
  const insert = only(receiver, /^INSERT orders/);
  expect(insert).toMatchObject({
    parentSpanId: transaction.spanId,
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': insert.name },
  });
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
  expect(await storedContext(id)).toBe(`00-${TRACE_ID}-${operation.spanId}-01`);
  expect(headers.get('server-timing')).toBe(`traceparent;desc="00-${TRACE_ID}-${request.spanId}-01"`);
});

test('a batch has a link to the span of each of its requests', async () => {
  const receiver = await startOtlpReceiver();
  const ids = await onServer(database, collectorOf(receiver, { WRITE_LANES: '1' }), async (url) => {
    await createTea(url);
    return Promise.all(Array.from({ length: 20 }, async () => (await createTea(url)).id));
  });

  const operations = named(receiver, 'mutation');
  expect(operations).toHaveLength(21);
  const batches = named(receiver, 'batch write');
  expect(batches.length).toBeLessThan(15);
  const linked = batches.flatMap(({ links }) => links.map(({ spanId }) => spanId));
  expect(linked.toSorted()).toEqual(operations.map(({ spanId }) => spanId).toSorted());
  for (const { links, attributes } of batches) {
    expect(attributes).toMatchObject({ 'ordergraph.batch.size': links.length });
  }
  const stored = await Promise.all(ids.map(storedContext)); // the requests had no trace context of their own
  const contexts = new Set(operations.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
  expect(stored.filter((context) => contexts.has(context ?? ''))).toHaveLength(20);
});

test('requests that the sampler does not select export nothing and store the trace context of their client only', async () => {
  const receiver = await startOtlpReceiver();
  const sampler = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
  await onServer(database, collectorOf(receiver, sampler), async (url) => {
    const [own, traced] = [await createTea(url), await createTea(url, PARENT)];
    expect(await storedContext(own.id)).toBeNull();
    expect(await storedContext(traced.id)).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
    expect(own.headers.get('server-timing')).toBeNull();
  });
  expect(receiver.bodies).toEqual([]);
});

test.each([
  ['OTEL_SDK_DISABLED=true', { OTEL_SDK_DISABLED: 'true' }],
  ['always_off', { OTEL_TRACES_SAMPLER: 'always_off' }],
])('with %s, nothing is exported', async (_name, env) => {
  const receiver = await startOtlpReceiver();
  await onServer(database, collectorOf(receiver, env), (url) => createTea(url, PARENT));
  expect(receiver.bodies).toEqual([]);
});

test('the product service gets the trace context of the span that calls it', async () => {
  const received: IncomingHttpHeaders[] = [];
  const products = createServer(({ headers }, response) => {
    received.push(headers);
    response.end(JSON.stringify({ id: 'green', name: 'Green tea', price: '4.20', currency: 'USD' }));
  });
  await new Promise<void>((resolve) => products.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void products.close());
  const receiver = await startOtlpReceiver();
  const { port } = products.address() as AddressInfo;
  const env = collectorOf(receiver, { PRODUCT_SERVICE_URL: `http://127.0.0.1:${port}` });
  await onServer(database, env, (url) => createTea(url, PARENT, { items: [{ productId: 'green', quantity: 1 }] }));

  const call = only(receiver, 'GET');
  expect(call).toMatchObject({
    traceId: TRACE_ID,
    parentSpanId: only(receiver, 'mutation').spanId,
    attributes: { 'server.address': '127.0.0.1', 'http.response.status_code': 200 },
  });
  expect(received).toMatchObject([{ traceparent: `00-${TRACE_ID}-${call.spanId}-01`, tracestate: 'vendor=one' }]);
});

test('a subscription has a span for its start and none for its events', async () => {
  const receiver = await startOtlpReceiver();
  const server = await startServer(database.url, collectorOf(receiver));
  const { id } = await createTea(server.url);
  const subscription = await server.subscribe('subscription Watch { orderChanged { type } }');
  await createTea(server.url);
  await subscription.until((seen) => seen.length === 1);
  subscription.stop();
  await server.close();
  expect(id).not.toBe('');
  expect(only(receiver, 'subscription')).toMatchObject({
    kind: SERVER,
    attributes: { 'graphql.operation.type': 'subscription', 'graphql.operation.name': 'Watch' },
  });
});

test('the code of an error is recorded, and only failures of the server make a span fail', async () => {
  const receiver = await startOtlpReceiver();
  await onServer(database, collectorOf(receiver), async (url) => {
    await post(url, '{ order(id: "not-an-id") { id } }', {});
    await post(url, '{ unknown }', {});
  });
  const failed = receiver.spans.filter(({ attributes }) => 'error.type' in attributes);
  expect(failed.map(({ attributes }) => String(attributes['error.type'])).toSorted()).toEqual([
    'BAD_USER_INPUT',
    'GRAPHQL_VALIDATION_FAILED',
  ]);
  for (const { status } of failed) expect(status.code ?? 0).toBe(0);
});

test('no exported byte has literals, variables, comments or customers of a request', async () => {
  const receiver = await startOtlpReceiver();
  const canary = () => `canary${randomUUID().slice(0, 8)}`;
  const [name, email, notes, literal, alias, comment, variable] = Array.from({ length: 7 }, canary);
  await onServer(database, collectorOf(receiver), async (url) => {
    const query = `# ${comment}\nmutation ($input: CreateOrderInput!) { ${alias}: createOrder(input: $input) { order { id } } }`;
    const items = [{ name, quantity: 1, unitPrice: '4.20' }];
    await post(url, query, { input: { items, customerEmail: `${email}@example.com`, notes }, [variable ?? '']: 1 });
    await post(url, `{ orders(where: { customerId: "${literal}" }) { edges { node { id } } } }`, {});
  });
  expect(receiver.spans.length).toBeGreaterThan(5);
  expect(receiver.bodies.join('')).not.toMatch(/canary/);
});
