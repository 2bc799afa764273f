import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { databaseForTest, serverForTest, useDatabase } from '../support/fixture.js';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { startServer } from '../support/server.js';

const database = useDatabase();

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, tracestate: 'vendor=one' };
const SERVER = 2;
const CREATE =
  'mutation CreateTea($input: CreateOrderInput!) { createOrder(input: $input) { order { id items { name } } } }';

interface Created {
  readonly createOrder: { readonly order: { readonly id: string } };
}

const TEA = { name: 'Tea', quantity: 3, unitPrice: '4.20' };

async function post(url: string, query: string, variables: object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { headers: response.headers, body: (await response.json()) as { readonly data: Created } };
}

async function create(url: string, headers: Record<string, string> = {}, more: object = {}) {
  const variables = { input: { items: [TEA], ...more } };
  const { headers: received, body } = await post(url, CREATE, variables, headers);
  return { headers: received, id: body.data.createOrder.order.id };
}

function collectorOf({ url }: Pick<OtlpReceiver, 'url'>, more: Record<string, string> = {}): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more };
}

/** Runs requests on a server with traces. Returns after its shutdown, which exports the last spans. */
async function tracing<T>(env: Record<string, string>, work: (url: string) => Promise<T>): Promise<T> {
  const server = await startServer(database.url, env);
  try {
    return await work(server.url);
  } finally {
    await server.close();
  }
}

function named({ spans }: OtlpReceiver, name: string | RegExp): ReceivedSpan[] {
  return spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
}

function only(receiver: OtlpReceiver, name: string | RegExp): ReceivedSpan {
  const [span, ...others] = named(receiver, name);
  if (span === undefined || others.length > 0) throw new Error(`${others.length + 1} spans are named ${String(name)}`);
  return span;
}

function childrenOf({ spans }: OtlpReceiver, { spanId }: ReceivedSpan): string[] {
  return spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ name }) => name);
}

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
  const { id, headers } = await tracing(env, async (url) => {
    await create(url, { traceparent: `${PARENT.traceparent.slice(0, -1)}0` }); // the document is known now
    return create(url, PARENT);
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
  const ids = await tracing(collectorOf(receiver, { WRITE_LANES: '1' }), async (url) => {
    await create(url);
    return Promise.all(Array.from({ length: 20 }, async () => (await create(url)).id));
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
  await tracing(collectorOf(receiver, sampler), async (url) => {
    const [own, traced] = [await create(url), await create(url, PARENT)];
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
  await tracing(collectorOf(receiver, env), (url) => create(url, PARENT));
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
  await tracing(env, (url) => create(url, PARENT, { items: [{ productId: 'green', quantity: 1 }] }));

  const call = only(receiver, 'GET');
  expect(call).toMatchObject({
    traceId: TRACE_ID,
    parentSpanId: only(receiver, 'mutation').spanId,
    attributes: { 'server.address': '127.0.0.1', 'http.response.status_code': 200 },
  });
  expect(received).toMatchObject([{ traceparent: `00-${TRACE_ID}-${call.spanId}-01`, tracestate: 'vendor=one' }]);
});

test('a step of fulfilment has a link to the operation that created its order', async () => {
  const receiver = await startOtlpReceiver();
  const { id } = await tracing(
    collectorOf(receiver, { FULFILMENT: 'simulated', DATABASE_MIGRATE: 'always' }),
    async (url) => {
      const created = await create(url, PARENT);
      await expect.poll(() => named(receiver, 'process fulfilment').length).toBeGreaterThan(0);
      return created;
    },
  );
  const step = only(receiver, 'process fulfilment');
  const { spanId } = only(receiver, 'mutation');
  expect(step.links).toMatchObject([{ traceId: TRACE_ID, spanId }]);
  expect(step.traceId).not.toBe(TRACE_ID);
  const rows = await database.sql<{ traceparent: string }>(
    'SELECT traceparent FROM order_events WHERE order_id = $1 AND version = 2',
    [id],
  );
  expect(rows).toEqual([{ traceparent: `00-${step.traceId}-${step.spanId}-01` }]);
});

test('a subscription has a span for its start and none for its events', async () => {
  const receiver = await startOtlpReceiver();
  const server = await startServer(database.url, collectorOf(receiver));
  const { id } = await create(server.url);
  const subscription = await server.subscribe('subscription Watch { orderChanged { type } }');
  await create(server.url);
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
  await tracing(collectorOf(receiver), async (url) => {
    await post(url, '{ order(id: "not-an-id") { id } }', {});
    await post(url, '{ unknown }', {});
  });
  const failed = receiver.spans.filter(({ attributes }) => 'error.type' in attributes);
  expect(failed.map(({ attributes }) => attributes['error.type']).toSorted()).toEqual([
    'BAD_USER_INPUT',
    'GRAPHQL_VALIDATION_FAILED',
  ]);
  for (const { status } of failed) expect(status.code ?? 0).toBe(0);
});

test('no exported byte has literals, variables, comments or customers of a request', async () => {
  const receiver = await startOtlpReceiver();
  const canary = () => `canary${randomUUID().slice(0, 8)}`;
  const [name, email, notes, literal, alias, comment, variable] = Array.from({ length: 7 }, canary);
  await tracing(collectorOf(receiver), async (url) => {
    const query = `# ${comment}\nmutation ($input: CreateOrderInput!) { ${alias}: createOrder(input: $input) { order { id } } }`;
    const items = [{ name, quantity: 1, unitPrice: '4.20' }];
    await post(url, query, { input: { items, customerEmail: `${email}@example.com`, notes }, [variable ?? '']: 1 });
    await post(url, `{ orders(where: { customerId: "${literal}" }) { edges { node { id } } } }`, {});
  });
  expect(receiver.spans.length).toBeGreaterThan(5);
  expect(receiver.bodies.join('')).not.toMatch(/canary/);
});

test.each([
  ['refuses connections', null],
  ['does not respond', () => undefined],
  ['responds 500', (response: { writeHead(status: number): { end(): void } }) => response.writeHead(500).end()],
] as const)('a collector that %s delays neither requests nor the shutdown', async (_name, respond) => {
  const receiver = await startOtlpReceiver();
  if (respond !== null) receiver.respond = respond;
  const url = respond === null ? 'http://127.0.0.1:9' : receiver.url;
  const other = await databaseForTest();
  const server = await serverForTest(other, collectorOf({ url }, { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' }));
  const slowest = await slowestOf(200, async () => create(server.url));
  expect(slowest).toBeLessThan(1_500);
  await sleep(1_500); // until an export has failed
  const about = server.logged.filter(({ msg }) => String(msg).includes('exporting traces failed'));
  expect(about).toHaveLength(1);
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(3_500);
});

/** The longest time that one of several concurrent runs takes, in milliseconds. */
async function slowestOf(count: number, run: () => Promise<unknown>): Promise<number> {
  const times = Array.from({ length: count }, async () => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  });
  return Math.max(...(await Promise.all(times)));
}
