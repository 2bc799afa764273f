import { expect, test } from 'vitest';
import { MAX_OPERATION_NAMES } from '../../src/observability/metrics/operation-names.js';
import { serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { samplesOf, scrape } from '../support/metrics.js';
import { createdOrder } from '../support/order-requests.js';
import { rawRequest } from '../support/raw-request.js';
import { AUTH_ENV } from '../support/tokens.js';

const TOKEN = 'a-token-of-the-tests';
const DURATION = 'ordergraph_graphql_request_duration_seconds_count';

const database = useDatabase();
const server = useServer(database);

async function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const lines = ['GET /metrics HTTP/1.1', 'Connection: close'];
  const given = { Host: new URL(url).host, ...headers };
  const { ended } = await rawRequest(url, [
    ...lines,
    ...Object.entries(given).map(([name, value]) => `${name}: ${value}`),
  ]);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await ended)?.[1]);
}

test('requests are counted by operation and type, and their errors by code', async () => {
  await server.get('query Count { orders { totalCount } }');
  await server.get('{ orders { totalCount } }');
  await server.get('mutation Create { createOrders(input: { orders: [] }) { userErrors { code } } }');
  await server.request('query Wrong { wrong }');
  const samples = await scrape(server.url);
  expect(samples.get(`${DURATION}{operation="Count",type="query"}`)).toBe(1);
  expect(samples.get(`${DURATION}{operation="anonymous",type="query"}`)).toBe(1);
  expect(samples.get(`${DURATION}{operation="Create",type="mutation"}`)).toBe(1);
  expect(samples.get(`${DURATION}{operation="invalid",type="unknown"}`)).toBe(1);
  expect(samples.get('ordergraph_graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1);
  expect(samples.get('ordergraph_graphql_errors_total{code="INTERNAL_SERVER_ERROR"}')).toBe(0);
});

test('batches, transactions, the event log and its consumers are measured', async () => {
  await createdOrder(server);
  await expect.poll(async () => (await scrape(server.url)).get('ordergraph_event_log_position')).toBeGreaterThan(0);
  const samples = await scrape(server.url);
  const measured = [
    'ordergraph_batch_size_count{kind="write"}',
    'ordergraph_batch_duration_seconds_count{kind="write"}',
    'ordergraph_transaction_duration_seconds_count{outcome="committed"}',
    'ordergraph_consumer_lag_events{consumer="order-statistics"}', // it collects events for a minute
    'ordergraph_consumer_lag_seconds{consumer="order-statistics"}',
    'ordergraph_database_connections_max',
    'ordergraph_ready',
  ];
  expect(measured.filter((name) => !((samples.get(name) ?? 0) > 0))).toEqual([]);
  expect(samples.get('ordergraph_batch_queue_depth{kind="write"}')).toBe(0);
  expect(samples.get('ordergraph_event_log_unsequenced_events')).toBe(0);
});

test('subscriptions, their events and their ends are counted', async () => {
  const subscription = await server.subscribe('subscription Watch { orderStatusChanged { version } }');
  await createdOrder(server);
  await subscription.until((seen) => seen.length > 0);
  const during = await scrape(server.url);
  expect(during.get('ordergraph_subscriptions')).toBe(1);
  expect(during.get('ordergraph_connections{protocol="websocket"}')).toBe(1);
  expect(during.get('ordergraph_subscription_events_total')).toBeGreaterThan(0);
  subscription.stop();
  await expect.poll(async () => (await scrape(server.url)).get('ordergraph_subscriptions')).toBe(0);
  const after = await scrape(server.url);
  expect(after.get('ordergraph_subscriptions_ended_total{reason="unsubscribed"}')).toBe(1);
});

test('the number of time series is bounded, whatever names clients choose for their operations', async () => {
  const names = Array.from({ length: 3 * MAX_OPERATION_NAMES }, (_, index) => `Name${'x'.repeat(index % 90)}_${index}`);
  for (const name of names) await server.get(`query ${name} { orders(first: 1) { totalCount } }`);
  const samples = await scrape(server.url);
  const operations = samplesOf(samples, DURATION);
  expect(operations.length).toBeLessThanOrEqual(MAX_OPERATION_NAMES + 5);
  expect(samples.get(`${DURATION}{operation="other",type="query"}`)).toBeGreaterThan(0);
  for (const [key] of operations) expect(key.length).toBeLessThan(200);
});

test('metrics are served to this machine, and to any client with the token', async () => {
  const local = await serverForTest(database);
  expect(await statusOf(local.url)).toBe(200);
  expect(await statusOf(local.url, { Authorization: `Bearer ${TOKEN}` })).toBe(200);
  expect(await statusOf(local.url, { Host: 'evil.example' })).toBe(403); // DNS rebinding
  expect(await statusOf(local.url, { Origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf(local.url, { 'X-Forwarded-For': '203.0.113.7' })).toBe(403);

  const withToken = await serverForTest(database, { METRICS_TOKEN: TOKEN });
  expect(await statusOf(withToken.url)).toBe(200);
  expect(await statusOf(withToken.url, { Host: 'server:4000' })).toBe(401);
  expect(await statusOf(withToken.url, { Host: 'server:4000', Authorization: `Bearer ${TOKEN}` })).toBe(200);
  expect(await statusOf(withToken.url, { Host: 'server:4000', Authorization: `Bearer ${TOKEN}x` })).toBe(401);
  expect(await statusOf(withToken.url, { Host: 'server:4000', Authorization: TOKEN })).toBe(401);
});

test('with authentication, a page cannot read the metrics of its machine by DNS rebinding', async () => {
  const withAuth = await serverForTest(database, AUTH_ENV);
  expect(await statusOf(withAuth.url)).toBe(200);
  expect(await statusOf(withAuth.url, { Host: 'evil.example' })).toBe(403);
});

test('a request through a proxy needs the token, whatever address it names', async () => {
  const proxies = '127.0.0.1, 203.0.113.0/24';
  const proxied = await serverForTest(database, { ...AUTH_ENV, TRUSTED_PROXIES: proxies, METRICS_TOKEN: TOKEN });
  expect(await statusOf(proxied.url)).toBe(200);
  expect(await statusOf(proxied.url, { 'X-Forwarded-For': '203.0.113.7' })).toBe(401);
  expect(await statusOf(proxied.url, { 'X-Forwarded-For': '127.0.0.1, 203.0.113.7' })).toBe(401);
  expect(await statusOf(proxied.url, { 'X-Forwarded-For': '127.0.0.2, 203.0.113.7' })).toBe(401); // sent by the client
  const headers = { 'X-Forwarded-For': '203.0.113.7', Authorization: `Bearer ${TOKEN}` };
  expect(await statusOf(proxied.url, headers)).toBe(200);
});

const proxy = useProxy(database);

test('a scrape succeeds without the database, and the gauges that need it are absent', async () => {
  const cut = await serverForTest(proxy);
  await createdOrder(cut);
  proxy.down();
  await expect.poll(async () => (await scrape(cut.url)).get('ordergraph_ready')).toBe(0);
  const began = performance.now();
  const samples = await scrape(cut.url);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(samples.get('ordergraph_transaction_duration_seconds_count{outcome="committed"}')).toBe(1);
  expect(samples.has('ordergraph_event_log_position')).toBe(false);
  expect(samplesOf(samples, 'ordergraph_consumer_position')).toEqual([]);
  proxy.up();
  await expect.poll(async () => (await scrape(cut.url)).get('ordergraph_ready')).toBe(1);
  expect(await scrape(cut.url).then((back) => back.has('ordergraph_event_log_position'))).toBe(true);
});
