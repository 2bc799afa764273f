import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { CHROMIUM, eventually, openBrowser, playgroundIn, type Playground } from '../support/playground.js';
import { freePort, startProcess, temporaryFolder } from '../support/process.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

const EXAMPLES = ['Create', 'Watch', 'Update', 'Get', 'List', 'Cancel', 'Statistics'];

async function startAnywhere(env: Record<string, string> = {}) {
  const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data'), ...env });
  return { ...server, origin: new URL(server.url).origin };
}

/** Runs the examples from left to right and returns the id of the order. */
async function runExamples(playground: Playground): Promise<string> {
  const { page, open, run, start, phase, events } = playground;
  await open('Create');
  const created = await run(/"replayed": false[\s\S]*"status": "PENDING"[\s\S]*"amount": "13\.59"/);
  const [, id = ''] = /"id":\s*"([0-9a-f\s"-]{36,}?)"/.exec(created) ?? [];
  await open('Watch');
  await start();
  await eventually(phase).toBe('Connected');
  await open('Update');
  await run(/"changed": true[\s\S]*"status": "CONFIRMED"/);
  await eventually(async () => (await events())[0]).toMatch(/^\d+ PENDING → CONFIRMED v2$/);
  const screenshot = process.env['PICTURE']; // for docs/images/playground.png
  if (screenshot !== undefined) {
    await page.setViewportSize({ width: 1440, height: 860 });
    await page.screenshot({ path: screenshot });
    await page.setViewportSize({ width: 1440, height: 1300 });
  }
  await open('Get');
  await run(/"to": "PENDING"[\s\S]*"reason": "paid"/);
  await open('List');
  await run(/"customerName": "Ada Lovelace"/);
  await open('Cancel');
  await run(/"changed": true[\s\S]*"cancelReason": "CUSTOMER"/);
  await eventually(async () => (await events())[0]).toMatch(/^\d+ CONFIRMED → CANCELLED v3$/);
  await open('Statistics');
  await run(/"count": \d+,[\s\S]*"byStatus"/);
  return id;
}

test('CI has a browser', () => {
  expect(CHROMIUM !== undefined || process.env['CI'] !== 'true').toBe(true);
});

describe.skipIf(CHROMIUM === undefined)('in a browser', { timeout: 180_000 }, () => {
  test('every example can be repeated, also after a reload and in a second browser', async () => {
    const server = await startAnywhere();
    const newVisitor = await openBrowser(server.origin);
    const [ada, bob] = [await newVisitor(), await newVisitor()];
    const window = await ada.visit();
    expect(await window.tabs()).toEqual(EXAMPLES);
    const ids = [await runExamples(window), await runExamples(window)];

    // The page is reloaded at once, before GraphiQL has stored its tabs.
    await window.open('Create');
    await window.run(/"replayed": false/);
    await window.page.reload();
    const reloaded = await playgroundIn(window.page);
    expect(await reloaded.tabs()).toEqual(EXAMPLES);
    await reloaded.open('Update');
    await reloaded.run(/"changed": true/);
    ids.push(await runExamples(reloaded));

    ids.push(await runExamples(await bob.visit()));
    expect(new Set(ids).size).toBe(4);
    const { orders } = await server.get<{ orders: { nodes: { customerId: string }[] } }>(
      '{ orders { nodes { customerId } } }',
    );
    const counts = Object.values(Object.groupBy(orders.nodes, ({ customerId }) => customerId)).map(
      (list) => list?.length,
    );
    expect(counts.toSorted((a = 0, b = 0) => a - b)).toEqual([1, 4]);
    expect([...ada.problems, ...bob.problems]).toEqual([]);
  });

  test('Create returns the same order while it is PENDING, and creates a new one afterwards', async () => {
    const server = await startAnywhere();
    const newVisitor = await openBrowser(server.origin);
    const visitor = await newVisitor();
    const { open, run, document, page, write } = await visitor.visit();
    const idIn = async () => /id: "([0-9a-f-]{36})"/.exec(await document())?.[1] ?? '';
    await run(/"replayed": false/);
    const first = await idIn();
    await run(/"replayed": true/);
    expect(await idIn()).toBe(first);

    // Another window of this browser shares the ids.
    const other = await visitor.visit();
    await server.get(`mutation { deleteOrder(input: { id: "${first}" }) { userErrors { code } } }`);
    await run(/"replayed": false/);
    await eventually(idIn).not.toBe(first);
    const second = await idIn();
    await other.open('Update');
    await eventually(other.document).toContain(second);
    await other.page.close(); // a background window renders slowly

    // An updated example has a new order; the tabs of the user keep their ids.
    const updated = (await document()).replace('quantity: 3', 'quantity: 4');
    await write('query', updated);
    await run(/"replayed": false[\s\S]*"17\.79"/);
    await eventually(idIn).not.toBe(second);
    await page.getByRole('button', { name: 'New tab' }).click();
    await write('query', `query Mine { order(id: "${second}") { number status } }`);
    await run(/"status": "PENDING"/);
    await open('Create');
    await open('Mine');
    expect(await document()).toContain(second);
    expect(visitor.problems).toEqual([]);
  });

  test('the watch panel lists events while other tabs run, until it is stopped', async () => {
    const server = await startAnywhere();
    const visitor = await (await openBrowser(server.origin))();
    const { page, tabs, open, run, start, write, response, events, phase, document } = await visitor.visit();
    const panel = page.getByRole('region', { name: 'Watch' });
    const executing = page.getByRole('button', { name: 'Stop query' });
    expect(await phase()).toBe('Run the Watch tab to list status changes here');
    await open('Watch');
    const [, customerId = ''] = /customerId: "([^"]+)"/.exec(await document()) ?? [];
    await start();
    await eventually(phase).toBe('Connected');

    // The watch continues when tabs are added, changed and closed.
    await page.getByRole('button', { name: 'New tab' }).click();
    await executing.waitFor({ state: 'hidden' });
    await open('Create');
    const created = await run(/"number": "\d+"/);
    const number = /"number": "(\d+)"/.exec(created)?.[1] ?? '';
    await eventually(events).toEqual([`${number} created → PENDING v1`]);
    await open('Update');
    await run(/"changed": true/);
    await eventually(events).toEqual([`${number} PENDING → CONFIRMED v2`, `${number} created → PENDING v1`]);
    expect(await response()).toContain('updateOrderStatus');

    // In its own tab the newest event is the response, and the Stop button of the tab stops the watch.
    await open('Watch');
    await start();
    await eventually(phase).toBe('Connected');
    await server.get(
      `mutation { createOrder(input: { customerId: "${customerId}", items: [{ name: "Tea", unitPrice: "1" }] }) { replayed } }`,
    );
    await eventually(response).toMatch(/"to": "PENDING"/);
    await executing.click();
    await eventually(phase).toBe('Stopped');
    expect(await events()).toHaveLength(3);
    await panel.getByRole('button', { name: 'Clear the watched events' }).click();
    await eventually(events).toEqual([]);

    // The button of the panel also ends the run of the tab.
    await start();
    await eventually(phase).toBe('Connected');
    await panel.getByRole('button', { name: 'Stop watching' }).click();
    await executing.waitFor({ state: 'hidden' });
    expect(await phase()).toBe('Stopped');

    // The list is bounded, and its button stops the watch, also by keyboard.
    await start();
    await eventually(phase).toBe('Connected');
    await open('Statistics');
    const orders = Array.from({ length: 60 }, () => ({
      id: randomUUID(),
      customerId,
      items: [{ name: 'Tea', unitPrice: '1' }],
    }));
    const CREATE_ALL =
      'mutation ($orders: [CreateOrderInput!]!) { createOrders(input: { orders: $orders }) { userErrors { code } } }';
    await server.get(CREATE_ALL, { orders });
    await eventually(async () => (await events()).length).toBe(60);
    await server.get(CREATE_ALL, { orders: orders.map((order) => ({ ...order, id: randomUUID() })) });
    await eventually(async () => (await events())[0]).toContain(String(Number(number) + 121));
    expect(await events()).toHaveLength(100);
    await panel.getByRole('button', { name: 'Stop watching' }).focus();
    await page.keyboard.press('Enter');
    await eventually(phase).toBe('Stopped');

    // The reason of a rejected subscription is shown in the panel and in the response.
    await page.getByRole('button', { name: 'New tab' }).click();
    await write('query', 'subscription Wrong { orderStatusChanged(orderId: "no id") { version } }');
    await eventually(tabs).toContain('Wrong');
    await start();
    await eventually(phase).toBe('Ended');
    await eventually(response).toContain('"errors"');
    expect((await events())[0]).not.toMatch(/ v\d+$/);
    expect(visitor.problems).toEqual([]);
  });

  test('the watch panel reports reconnections and lists the events of an interruption', async () => {
    const data = path.join(await temporaryFolder(), 'data');
    const port = String(await freePort());
    const server = await startAnywhere({ DATA_DIR: data, PORT: port });
    const visitor = await (await openBrowser(server.origin))();
    const { open, run, start, document, phase, events } = await visitor.visit();
    await open('Create');
    await run(/"replayed": false/); // an empty event log has no cursor to continue from
    await open('Watch');
    const [customerId = ''] = /(?<=customerId: ")[^"]+/.exec(await document()) ?? [];
    await start();
    await eventually(phase).toBe('Connected');

    // A stopped server does not close its sockets.
    process.kill(server.pid, 'SIGSTOP');
    try {
      await eventually(phase).toBe('Reconnecting');
    } finally {
      process.kill(server.pid, 'SIGCONT'); // a stopped process cannot exit
    }
    await eventually(phase).toBe('Connected');

    await server.end();
    await eventually(phase).toBe('Reconnecting');
    const unseen = await startAnywhere({ DATA_DIR: data });
    const CREATE = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { userErrors { code } } }';
    await unseen.get(CREATE, { input: { customerId, items: [{ name: 'Tea', unitPrice: '1' }] } });
    await unseen.end();
    await startAnywhere({ DATA_DIR: data, PORT: port });
    await eventually(phase).toBe('Connected');
    await eventually(async () => (await events()).length).toBe(6);
    const lost = 'Connection lost. Reconnecting.';
    const again = 'Reconnected. Changes during the interruption are listed.';
    const [missed, ...notices] = await events();
    expect(missed).toMatch(/^\d+ created → PENDING v1$/);
    expect(notices).toEqual([again, lost, expect.stringMatching(/^The server shuts down\./), again, lost]);
    await open('Update');
    await run(/"changed": true/);
    await eventually(async () => (await events())[0]).toMatch(/^\d+ PENDING → CONFIRMED v2$/);
    expect(await events()).toHaveLength(7);
  });

  test('nothing is clipped or scrolls horizontally on a phone, a tablet and a desktop', async () => {
    const server = await startAnywhere();
    const newVisitor = await openBrowser(server.origin);
    for (const width of [390, 768, 1024, 1440]) {
      const height = width < 1000 ? 900 : 768;
      const visitor = await newVisitor({ viewport: { width, height }, hasTouch: width < 1000 });
      const { page, run, open, start, phase } = await visitor.visit();
      const cutOff = async (selector: string) => {
        const boxes = await Promise.all((await page.locator(selector).all()).map((part) => part.boundingBox()));
        const isWhole = (box: (typeof boxes)[0]) =>
          box !== null && box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= height;
        return boxes.length === 0 || !boxes.every(isWhole) ? [width, selector, boxes] : null;
      };
      const scrollWidth = () => page.evaluate<number>('document.documentElement.scrollWidth');
      const widthOf = (selector: string) => page.locator(selector).evaluate((part) => part.clientWidth);
      await run(/"replayed"/);
      await open('Watch');
      await start();
      await eventually(phase).toBe('Connected');
      await open('Update');
      await run(/"changed": true/);
      await page.locator('.watch li').first().waitFor();
      await page.getByRole('button', { name: 'Headers', exact: true }).click();
      expect(await scrollWidth()).toBeLessThanOrEqual(width);
      for (const part of WHOLE_PARTS) expect(await cutOff(part)).toBeNull();
      for (const pane of PANES) expect([width, pane, (await widthOf(pane)) > 230]).toEqual([width, pane, true]);
      if (width < 1000) await expectStacked(page);

      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.getByText('Root Types').waitFor();
      expect(await scrollWidth()).toBeLessThanOrEqual(width);
      expect(await cutOff('.graphiql-doc-explorer-search')).toBeNull();
      expect(await page.evaluate<boolean>(PLACEHOLDER_FITS)).toBe(true);
      if (width > 600) expect(await widthOf('.graphiql-query-editor .graphiql-editor')).toBeGreaterThan(230);
      await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
      expect(await cutOff('.watch')).toBeNull();
      expect(visitor.problems).toEqual([]);
      await page.context().close();
    }
  });

  test('the headers of a tab are sent with its requests and not stored', async () => {
    const server = await startAnywhere();
    const visitor = await (await openBrowser(server.origin))();
    const { page, write, run, open, start, phase } = await visitor.visit();
    const secret = 'a secret of the tab';
    await write('Headers', JSON.stringify({ 'x-mark': secret }));
    const [request] = await Promise.all([
      page.waitForRequest((each) => each.postData()?.includes('mutation Create') === true),
      run(/"replayed": false/),
    ]);
    expect(request.headers()['x-mark']).toBe(secret);

    const frames: string[] = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => frames.push(String(payload))));
    await open('Watch');
    await write('Headers', JSON.stringify({ 'x-mark': secret }));
    await start();
    await eventually(phase).toBe('Connected');
    expect(frames[0]).toBe(JSON.stringify({ type: 'connection_init', payload: { 'x-mark': secret } }));
    await eventually(() => storedTabs(page)).toContain('"activeTabIndex":1');
    expect(await page.evaluate<string>('JSON.stringify(localStorage)')).not.toContain(secret);
    expect(visitor.problems).toEqual([]);
  });

  test('on a server with authentication the page asks for a token and uses it for requests and the watch panel', async () => {
    const server = await startAnywhere(AUTH_ENV);
    const visitor = await (await openBrowser(server.origin))();
    const { page, run, open, start, phase, events } = await visitor.visit();
    const bar = page.getByRole('region', { name: 'Token' });
    const give = async (token: string) => {
      await bar.getByLabel('This server requires a token.').fill(token);
      await bar.getByRole('button', { name: 'Use token' }).click();
    };
    await bar.getByText('This server requires a token.').waitFor();
    expect(await bar.getByRole('alert').count()).toBe(0);
    await page.getByText('Enter a token below to use this server.').waitFor();
    await run(/"message": "A bearer token is required in Authorization\."/);
    await open('Watch');
    await start();
    await eventually(phase).toBe('Ended');
    expect((await events())[0]).toContain('4403 A bearer token is required');

    await give(await signToken({ expiresIn: -60 }));
    await eventually(() => bar.getByRole('alert').innerText()).toBe('The token has expired.');
    const token = await signToken({ sub: 'sam', roles: ['staff'] });
    await give(`Bearer ${token}`);
    await eventually(() => bar.getByRole('status').innerText()).toBe('Signed in as sam (staff)');
    await open('Create');
    await run(/"replayed": false/);
    await open('Watch');
    await start();
    await eventually(phase).toBe('Connected');
    await open('Update');
    await run(/"changed": true/);
    await eventually(async () => (await events())[0]).toMatch(/^\d+ PENDING → CONFIRMED v2$/);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByText('Root Types').waitFor(); // the schema is loaded with the token

    // The token is kept for a reload of this window, and nowhere else.
    expect(await page.evaluate<string>('JSON.stringify(localStorage)')).not.toContain(token);
    await page.reload();
    await eventually(() => bar.getByRole('status').innerText()).toBe('Signed in as sam (staff)');
    const other = await visitor.visit();
    await other.page.getByText('This server requires a token.').waitFor();
    await other.page.close();
    await bar.getByRole('button', { name: 'Remove token' }).click();
    await bar.getByText('This server requires a token.').waitFor();
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);

    // A token that expires ends the watch with the reason, and the page asks for the next one.
    await give(await signToken({ sub: 'sam', roles: ['staff'], expiresIn: 3 }));
    await eventually(() => bar.getByRole('status').innerText()).toBe('Signed in as sam (staff)');
    const reloaded = await playgroundIn(page);
    await reloaded.open('Watch');
    await reloaded.start();
    await eventually(reloaded.phase).toBe('Connected');
    await eventually(reloaded.phase).toBe('Ended');
    expect((await reloaded.events())[0]).toBe('The server closed the connection: 4403 The token has expired.');
    await eventually(() => bar.getByRole('alert').innerText()).toBe('The token has expired.');
    expect(visitor.problems.filter((problem) => !problem.includes('401 (Unauthorized)'))).toEqual([]);
  });

  test('the empty response explains how to run the tab', async () => {
    const server = await startAnywhere();
    const visitor = await (await openBrowser(server.origin))();
    const { page, open, response } = await visitor.visit();
    const hint = page.getByText('Press ▶ or Ctrl-Enter to run this tab.');
    await hint.waitFor();
    await page.locator('.graphiql-query-editor .view-lines').click();
    await page.keyboard.press('Control+Enter');
    await eventually(response).toMatch(/"replayed": false/);
    expect(await hint.isVisible()).toBe(false);
    await open('List');
    await hint.waitFor();
  });

  test('a link opens its query in a new tab without running it', async () => {
    const server = await startAnywhere();
    const visitor = await (await openBrowser(server.origin))({ permissions: ['clipboard-read', 'clipboard-write'] });
    const documents =
      'query First { orderStats { count } }\n\nquery Second($status: [OrderStatus!]) {\n  orders(where: { status: { in: $status } }) {\n    nodes {\n      id\n    }\n  }\n}\n';
    const search = `?${new URLSearchParams({
      query: documents,
      variables: '{"status":["PENDING"]}',
      operationName: 'Second',
      headers: '{"x-mark":"from the link"}',
    }).toString()}`;

    // On a first visit, and if the user has tabs.
    for (const others of [EXAMPLES, [...EXAMPLES, 'Mine']]) {
      const { page, tabs, document, response, write } = await visitor.visit(search);
      await eventually(document).toContain('query Second');
      await eventually(async () => (await tabs()).toSorted()).toEqual([...others, 'Second'].toSorted());
      expect(await page.locator('.graphiql-editor-tool').first().innerText()).toMatch(/"status"/);
      expect(new URL(page.url()).search).toBe('');
      expect(await response()).toBe('');
      expect(visitor.sent.filter((body) => body.includes('Second'))).toHaveLength(others === EXAMPLES ? 0 : 1);

      // The shortcut runs the operation of the link.
      await page.locator('.graphiql-query-editor textarea, .graphiql-query-editor [role=textbox]').first().focus();
      const [request] = await Promise.all([
        page.waitForRequest((each) => each.postData()?.includes('Second') === true),
        page.keyboard.press('Control+Enter'),
      ]);
      expect(request.postDataJSON()).toMatchObject({ operationName: 'Second', variables: { status: ['PENDING'] } });
      expect(request.headers()['x-mark']).toBeUndefined();
      await eventually(response).toContain('"nodes"');

      // A copied link opens the same tab. The tabs of the user are kept, and a reload does not open the link again.
      await page.getByRole('button', { name: 'Copy link to this tab' }).click();
      await page.getByText('The link is copied').first().waitFor();
      const copied = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
      expect(Object.fromEntries(copied.searchParams)).toMatchObject({ query: documents, operationName: 'Second' });
      expect(JSON.parse(copied.searchParams.get('variables') ?? '')).toEqual({ status: ['PENDING'] });
      await eventually(() => storedTabs(page)).toContain('"title":"Second"');
      await page.reload();
      const reloaded = await playgroundIn(page);
      expect((await reloaded.tabs()).toSorted()).toEqual([...others, 'Second'].toSorted());
      await reloaded.page.getByRole('tab', { name: 'Second' }).getByRole('button', { name: 'Close Tab' }).click();
      await eventually(() => storedTabs(page)).not.toContain('Second'); // GraphiQL has processed the change of tabs
      if (others === EXAMPLES) {
        await page.getByRole('button', { name: 'New tab' }).click();
        await write('query', 'query Mine { orderStats { count } }');
        await eventually(tabs).toContain('Mine');
        await eventually(() => storedTabs(page)).toContain('Mine');
      }
      await page.close();
    }
    expect(visitor.problems).toEqual([]);
  });

  test('the examples run without storage and clipboard, and the address bar shows the link', async () => {
    const server = await startAnywhere();
    const without = `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
      Object.defineProperty(navigator, 'clipboard', { value: undefined });`;
    const visitor = await (await openBrowser(server.origin))({}, without);
    const { page, run, open, write } = await visitor.visit();
    await run(/"replayed": false/);
    await open('Update');
    await run(/"changed": true/);
    await page.getByRole('button', { name: 'Copy link to this tab' }).click();
    await page.getByText('The link is in the address bar').first().waitFor();
    expect(new URL(page.url()).searchParams.get('query')).toContain('mutation Update');
    await write('query', `# ${'a'.repeat(8_000)}`);
    await page.getByRole('button', { name: /link/ }).hover();
    await page.getByRole('button', { name: /link/ }).click();
    await page.getByText('The tab is too long for a link').first().waitFor();
  });

  test('closed examples are restored next to the tabs of the user', async () => {
    const server = await startAnywhere();
    const visitor = await (await openBrowser(server.origin))();
    const { page, tabs, write, run, open, document } = await visitor.visit();
    const restore = page.getByRole('button', { name: 'Restore examples' });
    expect(await restore.count()).toBe(0);
    const close = async (name: string) => {
      await page.getByRole('tab').filter({ hasText: name }).hover();
      await page.getByRole('tab').filter({ hasText: name }).getByRole('button', { name: 'Close Tab' }).click();
      await eventually(tabs).not.toContain(name);
    };
    await page.getByRole('button', { name: 'New tab' }).click();
    await write('query', 'query Mine { orderStats { count } }');
    await eventually(tabs).toEqual([...EXAMPLES, 'Mine']);
    await open('Cancel');
    for (const name of ['Watch', 'Update', 'Create']) await close(name);
    await restore.click();
    await eventually(tabs).toEqual(['Get', 'List', 'Cancel', 'Statistics', 'Mine', 'Create', 'Watch', 'Update']);
    await eventually(restore.count.bind(restore)).toBe(0);
    await open('Create');
    await run(/"replayed": false/);
    await open('Update');
    await run(/"changed": true/);
    await open('Mine');
    expect(await document()).toContain('query Mine');
    expect(visitor.problems).toEqual([]);
  });
});

const WHOLE_PARTS = [
  '[role=tab]',
  '.graphiql-sidebar > *',
  '.graphiql-toolbar > button',
  '.graphiql-editor-tools button',
  '.watch',
  '.watch button',
];
const PANES = ['.graphiql-query-editor .graphiql-editor', '.graphiql-response', '.graphiql-editor-tool'];
const PLACEHOLDER_FITS = `(() => {
  const box = document.querySelector('.graphiql-doc-explorer-search [role=combobox]');
  const ruler = document.createElement('canvas').getContext('2d');
  const { fontSize, fontFamily } = getComputedStyle(box); // Chromium leaves font empty
  ruler.font = fontSize + ' ' + fontFamily;
  return ruler.measureText(box.placeholder).width <= box.clientWidth;
})()`;

/** The stored tabs of the browser. */
const storedTabs = (page: Page) => page.evaluate<string>('localStorage.getItem("graphiql:tabState") ?? ""');

async function expectStacked(page: Page): Promise<void> {
  const editor = await page.locator('.graphiql-editors').boundingBox();
  const response = await page.locator('.graphiql-response').boundingBox();
  expect(response?.y).toBeGreaterThanOrEqual((editor?.y ?? 0) + (editor?.height ?? 0));
  expect(editor?.height).toBeGreaterThan(200);
  expect(response?.height).toBeGreaterThan(200);
}

test('the playground is compressed, and its files are cached without expiry', async () => {
  const server = await startAnywhere();
  const { origin } = server;
  const html = await fetch(origin, { headers: { 'accept-encoding': 'identity' } });
  expect(html.headers.get('cache-control')).toBe('no-cache');
  expect(html.headers.get('content-security-policy')).toBe(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
      "worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; " +
      "form-action 'none'; object-src 'none'",
  );
  const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await html.text()) ?? [];
  for (const encoding of ['br', 'gzip']) {
    const asset = await fetch(`${origin}/${script}`, { headers: { 'accept-encoding': encoding } });
    expect([asset.status, asset.headers.get('content-encoding')]).toEqual([200, encoding]);
    expect(asset.headers.get('cache-control')).toContain('immutable');
  }
});
