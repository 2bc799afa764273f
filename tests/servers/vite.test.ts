import { readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createServer, type InlineConfig } from 'vite';
import { CHROMIUM } from '../support/playground.js';
import { freePort, startProcess, temporaryFolder } from '../support/process.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/** The application and the configuration in the README. */
async function readmeBlocks(): Promise<{ readonly app: string; readonly config: string }> {
  const blocks = [...(await readFile('README.md', 'utf8')).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );
  const find = (part: string) => blocks.find((block) => block.includes(part)) ?? '';
  return { app: find("from 'graphql-ws'"), config: find('defineConfig') };
}

const MAIN = `import { request, subscriptions } from './api';
  const result = {};
  const show = (part) => { Object.assign(result, part); document.title = JSON.stringify(result); };
  request('{ viewer { subject } }').then(({ data, errors }) => {
    show({ query: data?.viewer.subject ?? errors });
    const events = { next: ({ data }) => show({ event: data.orderStatusChanged.version }), error: () => {}, complete: () => {} };
    subscriptions.subscribe({ query: 'subscription { orderStatusChanged { version } }' }, events);
    subscriptions.on('connected', () => setTimeout(() => request(
      'mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}]}) { replayed } }'), 500));
  }, (cause) => show({ query: String(cause) }));`;

/** Starts the development server of Vite with the files of an application. */
async function startVite(app: string, config: string, port: number, more: InlineConfig = {}): Promise<void> {
  const root = await temporaryFolder();
  await symlink(path.resolve('node_modules'), path.join(root, 'node_modules'));
  await writeFile(path.join(root, 'index.html'), '<script type="module" src="/main.ts"></script>');
  await writeFile(path.join(root, 'main.ts'), MAIN);
  await writeFile(path.join(root, 'api.ts'), app);
  await writeFile(path.join(root, 'vite.config.ts'), config);
  const cacheDir = path.join(root, '.vite');
  const vite = await createServer({
    root,
    cacheDir,
    configFile: path.join(root, 'vite.config.ts'),
    logLevel: 'silent',
    server: { port, strictPort: true, fs: { strict: false } },
    ...more,
  });
  await vite.listen();
  onTestFinished(() => vite.close());
}

async function visit(url: string, token: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-gpu'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.addInitScript((text) => localStorage.setItem('token', text), token);
  await page.goto(url);
  return page;
}

const result = async (page: Page) => JSON.parse((await page.title()) || '{}') as Record<string, unknown>;

describe.skipIf(CHROMIUM === undefined)('the Vite application of the README', { timeout: 120_000 }, () => {
  test('calls and watches the server through the proxy of Vite', async () => {
    const { app, config } = await readmeBlocks();
    const server = await startProcess({ ...AUTH_ENV, DATA_DIR: path.join(await temporaryFolder(), 'data') });
    expect(config).toContain("target: 'http://127.0.0.1:4000'");
    const port = await freePort();
    await startVite(app, config.replace('http://127.0.0.1:4000', new URL(server.url).origin), port);
    const page = await visit(`http://localhost:${port}`, await signToken({ sub: 'vera', roles: ['staff'] }));
    await expect.poll(() => result(page), { timeout: 60_000 }).toEqual({ query: 'vera', event: 1 });
  });

  test('calls and watches the server directly if CORS_ORIGINS has its origin', async () => {
    const { app } = await readmeBlocks();
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const start = async (env: Record<string, string>) =>
      startProcess({ ...AUTH_ENV, ...env, DATA_DIR: path.join(await temporaryFolder(), 'data') });
    const server = await start({ CORS_ORIGINS: origin });
    await startVite(app, 'export default {}', port, {
      define: { 'import.meta.env.VITE_GRAPHQL_URL': JSON.stringify(server.url) },
    });
    const page = await visit(origin, await signToken({ sub: 'vera', roles: ['staff'] }));
    await expect.poll(() => result(page), { timeout: 60_000 }).toEqual({ query: 'vera', event: 1 });
  });
});
