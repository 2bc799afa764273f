import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { EXAMPLES } from '../../src/playground/examples.js';
import { startProcess, temporaryFolder } from '../support/process.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

test('in CI there is a browser', () => {
  expect(CHROMIUM !== undefined || process.env['CI'] !== 'true').toBe(true);
});

/** Runs the tab that is open, and waits until its answer has what is expected. */
async function run(page: Page, expected: RegExp): Promise<string> {
  await page.getByRole('button', { name: 'Execute query' }).click();
  const answer = page.locator('.graphiql-response .view-lines');
  await expect
    .poll(async () => (await answer.innerText()).replaceAll('\u00a0', ' '), { timeout: 15_000 })
    .toMatch(expected);
  return answer.innerText();
}

test.skipIf(CHROMIUM === undefined)(
  'in a browser every tab runs as it stands, and the watch tab shows the change of the update tab',
  { timeout: 120_000 },
  async () => {
    const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
    const flags = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: flags });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
    const foreign: string[] = [];
    const broken: string[] = [];
    const origin = new URL(server.url).origin;
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) foreign.push(request.url());
    });
    page.on('pageerror', (error) => broken.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') broken.push(message.text());
    });
    await page.goto(origin);
    const tabs = page.getByRole('tab');
    await expect.poll(() => tabs.count(), { timeout: 30_000 }).toBe(EXAMPLES.length);
    expect(await tabs.allInnerTexts()).toEqual(EXAMPLES.map((example) => example.name));

    const editor = page.locator('.graphiql-query-editor .view-lines');
    const open = async (name: string) => {
      await tabs.filter({ hasText: name }).click();
      await expect
        .poll(() => editor.innerText(), { timeout: 10_000 })
        .toMatch(new RegExp(`(query|mutation|subscription)\\s${name}`));
    };
    await open('Create');
    await run(page, /"replayed": false[\s\S]*"amount": "13\.59"/);
    await open('Watch');
    await page.getByRole('button', { name: 'Execute query' }).click();
    await page.getByRole('button', { name: 'Stop query' }).waitFor();

    // The change comes while the tab waits: from another client, as it would from a shop.
    await server.get(EXAMPLES.find((example) => example.name === 'Update')?.query ?? '');
    const seen = page.locator('.graphiql-response .view-lines');
    await expect
      .poll(async () => (await seen.innerText()).replaceAll('\u00a0', ' '), { timeout: 15_000 })
      .toMatch(/"to": "CONFIRMED"/);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByText('Root Types').waitFor();
    const picture = process.env['PICTURE'];
    if (picture !== undefined) await page.screenshot({ path: picture });
    await page.getByRole('button', { name: 'Stop query' }).click();

    await open('Update');
    await run(page, /"changed": false[\s\S]*"CONFIRMED"/);
    await open('Get');
    await run(page, /"reason": "paid"/);
    await open('List');
    await run(page, /"totalCount": 1/);
    await open('Cancel');
    await run(page, /"status": "CANCELLED"[\s\S]*"cancelReason": "CUSTOMER"/);
    await open('Statistics');
    await run(page, /"count": 1,[\s\S]*"byStatus"/);
    expect({ foreign, broken }).toEqual({ foreign: [], broken: [] });
  },
);

test('the playground is compressed, and its files are kept for ever', async () => {
  const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
  const { origin } = new URL(server.url);
  const html = await fetch(origin, { headers: { 'accept-encoding': 'identity' } });
  expect(html.headers.get('cache-control')).toBe('no-cache');
  expect(html.headers.get('content-security-policy')).toContain("default-src 'self'");
  const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await html.text()) ?? [];
  for (const encoding of ['br', 'gzip']) {
    const asset = await fetch(`${origin}/${script}`, { headers: { 'accept-encoding': encoding } });
    expect([asset.status, asset.headers.get('content-encoding')]).toEqual([200, encoding]);
    expect(asset.headers.get('cache-control')).toContain('immutable');
  }
});
