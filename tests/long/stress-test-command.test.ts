import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { serverForTest, useDatabase } from '../support/fixture.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

const database = useDatabase();

interface Report {
  readonly succeeded: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<string, number>>;
  readonly verification: {
    readonly read: number;
    readonly lost: readonly string[];
    readonly different: readonly string[];
    readonly doubled: readonly string[];
    readonly unacknowledged: number;
  };
}

async function stress(url: string, ...words: readonly string[]) {
  const sizes = ['--num', '60', '--concurrency', '8'];
  const { code, stdout, stderr } = await runCli(['stress-test', '--url', url, ...sizes, '--json', ...words]);
  return { code, stderr, report: (stdout === '' ? null : JSON.parse(stdout)) as Report | null };
}

/** What a faulty server does with a creation. */
type Fault = (body: string, forward: (body: string) => Promise<string>) => Promise<{ status?: number; text: string }>;

/** A server that handles every tenth creation by a fault. @returns its URL */
async function faultyServer(url: string, fault: Fault): Promise<string> {
  let creations = 0;
  const forward = async (body: string) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body })).text();
  };
  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const isFaulty = body.includes('createOrder') && (creations += 1) % 10 === 0;
    const { status = 200, text } = isFaulty ? await fault(body, forward) : { text: await forward(body) };
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

const NONE = { lost: [], different: [], doubled: [], unacknowledged: 0 };

test.each([['1'], ['7']])('all orders of a run are created, read back and equal, %s in each request', async (batch) => {
  const server = await serverForTest(database);
  const before = await database.sql<{ count: number }>('SELECT count(*)::int AS count FROM orders');
  const { code, report, stderr } = await stress(server.url, '--batch', batch);
  expect([code, stderr]).toEqual([0, '']);
  expect(report).toMatchObject({ succeeded: 60, failures: {}, verification: { read: 60, ...NONE } });
  expect(Object.keys(report?.latency ?? {})).toEqual(['p50', 'p90', 'p95', 'p99', 'p99.9', 'max']);
  const after = await database.sql<{ count: number }>('SELECT count(*)::int AS count FROM orders');
  expect((after[0]?.count ?? 0) - (before[0]?.count ?? 0)).toBe(60);
});

test('an acknowledged order that was not stored is lost', async () => {
  const server = await serverForTest(database);
  const url = await faultyServer(server.url, async () => {
    const order = { id: crypto.randomUUID() };
    return { text: JSON.stringify({ data: { createOrder: { order, replayed: false, userErrors: [] } } }) };
  });
  const { code, report, stderr } = await stress(url);
  expect([code, stderr]).toEqual([3, expect.stringContaining('6 lost, 0 different, 0 doubled')]);
  expect(report?.verification.lost).toHaveLength(6);
});

test('a second order for one request is doubled', async () => {
  const server = await serverForTest(database);
  const url = await faultyServer(server.url, async (body, forward) => {
    await forward(body.replace('"idempotencyKey":"', '"idempotencyKey":"again '));
    return { text: await forward(body) };
  });
  const { code, report, stderr } = await stress(url);
  expect([code, stderr]).toEqual([3, expect.stringContaining('0 lost, 0 different, 6 doubled')]);
  expect(report?.verification.doubled).toHaveLength(6);
});

test('an order with another amount than its request differs', async () => {
  const server = await serverForTest(database);
  const url = await faultyServer(server.url, async (body, forward) => ({
    text: await forward(body.replace(/"quantity":\d/, '"quantity":9')),
  }));
  const { code, stderr } = await stress(url);
  expect([code, stderr]).toEqual([3, expect.stringContaining('0 lost, 6 different, 0 doubled')]);
});

test('failed requests are counted by code, and fail the command unless they are allowed', async () => {
  const server = await serverForTest(database);
  const stored: Fault = async (body, forward) => {
    await forward(body); // the response is lost
    return { status: 502, text: '<html>' };
  };
  const { code, report } = await stress(await faultyServer(server.url, stored));
  expect(code).toBe(4);
  expect(report).toMatchObject({
    succeeded: 54,
    failures: { HTTP_502: 6 },
    verification: { ...NONE, read: 54, unacknowledged: 6 },
  });
  expect((await stress(await faultyServer(server.url, stored), '--allow-failures')).code).toBe(0);
});

test('a server with authentication needs a token', async () => {
  const server = await serverForTest(database, AUTH_ENV);
  expect((await stress(server.url)).stderr).toMatch(/Set --token\.\n$/);
  const token = await signToken({ roles: ['staff'] });
  expect(await stress(server.url, '--token', token)).toMatchObject({ code: 0, report: { succeeded: 60 } });
});

test.each([
  [['--batch', '101'], 2, /^--batch must be a whole number from 1 to 100; it is 101\.\nUsage: /],
  [['--timeout', '1'], 2, /^--timeout must be a duration such as 90s or 5m; it is 1\.\n/],
  [['--preset', 'huge'], 2, /^--preset must be one of small, large; it is huge\.\n/],
  [['--fast'], 2, /^Unknown option '--fast'/],
  [['--url', 'http://127.0.0.1:1'], 1, /^No server responds at http:\/\/127\.0\.0\.1:1\/graphql\./],
])('stress-test %j is rejected', async (words, status, message) => {
  const { code, stderr } = await runCli(['stress-test', ...words]);
  expect([code, stderr]).toEqual([status, expect.stringMatching(message)]);
});
