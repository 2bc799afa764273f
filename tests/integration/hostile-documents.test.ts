import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GraphQLError } from '../support/client.js';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { HOSTILE_DOCUMENTS } from '../support/hostile-documents.js';
import { openWebsocket } from '../support/websocket.js';

const database = useDatabase();
const proxy = useProxy(database);
const server = useServer(proxy, { EVENTS_POLL_MS: '60000' });

/** A rejection takes milliseconds. The limit only finds work that grows with the document. */
const MAX_MS = 10_000;

const delay = monitorEventLoopDelay({ resolution: 5 });
const durations: { readonly name: string; readonly ms: number }[] = [];
beforeAll(() => void delay.enable());
afterAll(() => {
  const slowest = durations.toSorted((one, other) => other.ms - one.ms).slice(0, 5);
  const list = slowest.map(({ name, ms }) => `${name} ${ms.toFixed(0)} ms`).join(', ');
  process.stdout.write(
    `${HOSTILE_DOCUMENTS.length} hostile documents: slowest ${list}; the event loop was blocked for at most ${(delay.max / 1e6).toFixed(0)} ms\n`,
  );
});

/** The log tailer and the consumers read only other tables. */
const OF_REQUESTS = /\b(orders|order_items|order_references|order_stats)\b/;

/** Runs an attack: it must end in time with one code, and no statement on orders may run. */
async function expectRejected(name: string, code: string, attack: () => Promise<readonly GraphQLError[] | undefined>) {
  const before = proxy.statements.length;
  const began = performance.now();
  const errors = await attack();
  const ms = performance.now() - began;
  durations.push({ name, ms });
  expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set([code]));
  expect(errors?.[0]?.message.length).toBeGreaterThan(10);
  expect(errors?.[0]?.message.length).toBeLessThan(600);
  expect(ms).toBeLessThan(MAX_MS);
  expect(proxy.statements.slice(before).filter((sql) => OF_REQUESTS.test(sql))).toEqual([]);
}

async function sendGet(query: string, variables: object) {
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const response = await fetch(`${server.url}?${search.toString()}`, { headers: { 'apollo-require-preflight': '1' } });
  const body = (await response.json()) as { readonly errors?: readonly GraphQLError[] };
  return { status: response.status, ...body };
}

/** The largest URL that Node.js accepts is shorter than most of the documents. */
const MAX_URL = 12_000;

test.each(HOSTILE_DOCUMENTS)('$name: rejected over HTTP', async ({ name, query, variables = {}, code }) => {
  await expectRejected(`${name} (POST)`, code, async () => {
    const { status, data, errors } = await server.request(query, variables);
    expect([status, data ?? null]).toEqual([400, null]);
    return errors;
  });
  if (encodeURIComponent(query + JSON.stringify(variables)).length > MAX_URL) return;
  await expectRejected(`${name} (GET)`, code, async () => {
    const { status, errors } = await sendGet(query, variables);
    expect(status).toBe(400);
    return errors;
  });
});

/** Longer messages close the websocket; see below. */
const MAX_MESSAGE = 60_000;

test.each(
  HOSTILE_DOCUMENTS.filter(({ query, variables }) => JSON.stringify({ query, variables }).length < MAX_MESSAGE),
)('$name: rejected over a websocket', async ({ name, query, subscription = query, variables = {}, code }) => {
  const { send, until } = await openWebsocket(server.url);
  await expectRejected(`${name} (websocket)`, code, async () => {
    send({ type: 'subscribe', id: '1', payload: { query: subscription, variables } });
    const { type, payload } = await until(({ id }) => id === '1');
    expect(type).toBe('error');
    return payload as readonly GraphQLError[];
  });
});

test('a websocket message of more than 64 KB closes the websocket', async () => {
  const { send, closed } = await openWebsocket(server.url);
  send({ type: 'subscribe', id: '1', payload: { query: `{ a } # ${'x'.repeat(65_536)}` } });
  expect((await closed).code).toBe(1009);
});

test('a body of more than 1 MB is rejected', async () => {
  const { status, errors } = await server.request('{ __typename }', { text: 'x'.repeat(1_000_000) });
  expect([status, errors?.[0]?.extensions.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
});

test('the server is unharmed', async () => {
  expect((await server.request('{ orders(first: 1) { nodes { id } } }')).errors).toBeUndefined();
  expect(server.logged).toEqual([]);
});
