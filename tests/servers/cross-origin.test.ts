import { createServer } from 'node:http';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM } from '../support/playground.js';
import { freePort, startProcess, temporaryFolder } from '../support/process.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/** Serves an empty page. A page on another port, or under another name, has another origin. */
async function servePage(): Promise<number> {
  const port = await freePort();
  const pages = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>Shop'));
  await new Promise<void>((resolve) => pages.listen(port, resolve));
  onTestFinished(() => void pages.close());
  return port;
}

async function startAnywhere(env: Record<string, string>) {
  return startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data'), ...env });
}

async function openPage(url: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-gpu'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

interface Call {
  readonly url: string;
  readonly token?: string;
  readonly body?: string;
}

/** What a page reads when it sends a query. */
const query = (page: Page, call: Call) =>
  page.evaluate(async ({ url, token, body = '{"query":"{ orders { nodes { id } } }"}' }: Call) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    try {
      const response = await fetch(url, { method: 'POST', headers, body });
      const { data, errors } = (await response.json()) as {
        readonly data?: object;
        readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
      };
      const hasId = response.headers.get('x-request-id') !== null;
      return { status: response.status, result: errors?.[0]?.extensions.code ?? Object.keys(data ?? {})[0], hasId };
    } catch (cause) {
      return String(cause);
    }
  }, call);

/** The type of the last message that a page receives when it subscribes, or how its websocket ends. */
const subscribe = (page: Page, call: Call) =>
  page.evaluate(
    ({ url, token }: Call) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
        const send = (message: object) => socket.send(JSON.stringify(message));
        const subscription = 'subscription { orderStatusChanged { version order { status } } }';
        const created = 'mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}]}) { replayed } }';
        socket.addEventListener('open', () => {
          send({ type: 'connection_init', payload: { authorization: `Bearer ${token ?? ''}` } });
        });
        socket.addEventListener('close', ({ code }) => resolve(`closed with ${code}`));
        socket.addEventListener('message', ({ data }) => {
          const { type, payload } = JSON.parse(String(data)) as { type: string; payload?: { data?: unknown } };
          if (type === 'connection_ack') {
            send({ type: 'subscribe', id: '1', payload: { query: subscription } });
            send({ type: 'ping' }); // answered when the subscription has begun
          } else if (type === 'pong') {
            const headers = { 'content-type': 'application/json', authorization: `Bearer ${token ?? ''}` };
            void fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: created }) });
          } else if (type !== 'ping') resolve(`${type} ${JSON.stringify(payload?.data)}`);
        });
      }),
    call,
  );

interface Beacon {
  readonly sendBeacon: (url: string, body: Blob) => boolean;
}

const EVENT = 'next {"orderStatusChanged":{"version":1,"order":{"status":"PENDING"}}}';
const NOT_SERVED = 'TypeError: Failed to fetch';

describe.skipIf(CHROMIUM === undefined)('a browser page of another origin', { timeout: 120_000 }, () => {
  test('is rejected, and allowed by CORS_ORIGINS, for queries and subscriptions with a token', async () => {
    const port = await servePage();
    const token = await signToken({ roles: ['staff'] });
    const [shop, other] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
    const rejecting = await startAnywhere(AUTH_ENV);
    const allowing = await startAnywhere({ ...AUTH_ENV, CORS_ORIGINS: `https://shop.example,${shop}` });
    const [page, otherPage] = [await openPage(shop), await openPage(other)];

    for (const [visited, { url }] of [
      [page, rejecting],
      [otherPage, rejecting],
      [otherPage, allowing],
    ] as const) {
      expect(await query(visited, { url, token })).toBe(NOT_SERVED);
      expect(await subscribe(visited, { url, token })).toBe('closed with 1006');
    }

    const { url } = allowing;
    expect(await query(page, { url, token })).toEqual({ status: 200, result: 'orders', hasId: true });
    expect(await subscribe(page, { url, token })).toBe(EVENT);
    // The page can read why a request fails.
    expect(await query(page, { url })).toEqual({ status: 401, result: 'UNAUTHENTICATED', hasId: true });
    const invalid = await query(page, { url, token, body: '{' });
    expect(invalid).toEqual({ status: 400, result: 'BAD_REQUEST', hasId: true });
    expect(await subscribe(page, { url, token: 'none' })).toBe('closed with 4403');
  });

  test('on loopback is allowed without authentication if its origin is on loopback too', async () => {
    const port = await servePage();
    const { url } = await startAnywhere({});
    const named = url.replace('127.0.0.1', 'localhost');
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      const page = await openPage(origin);
      for (const address of [url, named]) {
        expect(await query(page, { url: address })).toMatchObject({ status: 200, result: 'orders' });
        expect(await subscribe(page, { url: address })).toBe(EVENT);
      }
    }
  });

  test('cannot read or change orders by requests without a preflight, nor by a rebound name', async () => {
    const port = await servePage();
    const server = await startAnywhere({});
    const rules = ['MAP evil.example 127.0.0.1', 'MAP rebound.example 127.0.0.1'].join(',');
    const args = ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=${rules}`];
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ bypassCSP: true }); // a rebound page has no policy
    await page.goto(`http://evil.example:${port}`);
    const mutation = 'mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}]}) { replayed } }';
    await page.evaluate(
      async ({ url, body }) => {
        const send = (init: object) => fetch(url, { method: 'POST', mode: 'no-cors', ...init }).catch(() => undefined);
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json'])
          await send({ body, headers: { 'content-type': type } });
        await send({ body: new Blob([body]) });
        (navigator as unknown as Beacon).sendBeacon(url, new Blob([body]));
      },
      { url: server.url, body: JSON.stringify({ query: mutation }) },
    );
    expect(await query(page, { url: server.url })).toBe(NOT_SERVED);
    expect(await subscribe(page, { url: server.url })).toBe('closed with 1006');

    const rebound = server.url.replace('127.0.0.1', 'rebound.example');
    await page.goto(rebound.replace('/graphql', '/'));
    expect(await query(page, { url: rebound })).toMatchObject({ status: 403, result: 'FORBIDDEN' });
    expect(await subscribe(page, { url: rebound })).toBe('closed with 1006');
    expect(await server.get('{ orders { totalCount } }')).toEqual({ orders: { totalCount: 0 } });
  });
});
