import { existsSync } from 'node:fs';
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TIMEOUT = { timeout: 20_000 };

/** A browser profile with its own storage. */
export interface Visitor {
  /** Opens the playground in a window of this browser and waits for its editor. */
  readonly visit: (search?: string) => Promise<Playground>;
  /** Requests to other origins, and errors of the page and its console. */
  readonly problems: readonly string[];
  /** The bodies of all requests. */
  readonly sent: readonly string[];
}

/** A window with the playground. */
export interface Playground {
  readonly page: Page;
  readonly tabs: () => Promise<string[]>;
  readonly open: (tab: string) => Promise<void>;
  /** Runs the open tab and waits until the response matches. */
  readonly run: (expected: RegExp) => Promise<string>;
  readonly start: () => Promise<void>;
  readonly document: () => Promise<string>;
  readonly response: () => Promise<string>;
  /** Replaces the text of an editor. */
  readonly write: (editor: 'query' | 'Variables' | 'Headers', text: string) => Promise<void>;
  /** The lines of the watch panel without their times, newest first. */
  readonly events: () => Promise<string[]>;
  readonly phase: () => Promise<string>;
}

export async function openBrowser(
  origin: string,
): Promise<(options?: BrowserContextOptions, initScript?: string) => Promise<Visitor>> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
  onTestFinished(() => browser.close());
  return async (options = {}, initScript = '') => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1300 }, ...options });
    await context.addInitScript(initScript);
    const problems: string[] = [];
    const sent: string[] = [];
    const note = (url: string) => {
      if (!/^(data|blob):/.test(url) && new URL(url).host !== new URL(origin).host) problems.push(url);
    };
    context.on('page', (page) => {
      page.on('request', (request) => {
        note(request.url());
        sent.push(request.postData() ?? '');
      });
      page.on('websocket', (socket) => note(socket.url()));
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
    });
    const visit = async (search = '') => {
      const page = await context.newPage();
      await page.goto(`${origin}/${search}`);
      return playgroundIn(page);
    };
    return { visit, problems, sent };
  };
}

/** Waits for the editor of the page and returns functions to use it. */
export async function playgroundIn(page: Page): Promise<Playground> {
  const text = async (selector: string) =>
    (await page.locator(`${selector} .view-lines`).innerText()).replaceAll('\u00a0', ' ');
  const document = () => text('.graphiql-query-editor');
  const response = () => text('.graphiql-response');
  const start = () => page.getByRole('button', { name: 'Execute query' }).click();
  await page.locator('.graphiql-query-editor .view-lines').waitFor(TIMEOUT);
  await expect.poll(response, TIMEOUT).toBe('');
  return {
    page,
    document,
    response,
    start,
    tabs: () => page.getByRole('tab').allInnerTexts(),
    async open(tab) {
      await page.getByRole('tab').getByRole('button', { name: tab, exact: true }).click();
      await expect.poll(document, TIMEOUT).toMatch(new RegExp(`(query|mutation|subscription) ${tab}`));
    },
    async run(expected) {
      await start();
      await expect.poll(response, TIMEOUT).toMatch(expected);
      return response();
    },
    async write(editor, content) {
      if (editor !== 'query') await page.getByRole('button', { name: editor, exact: true }).click();
      const place = editor === 'query' ? '.graphiql-query-editor' : '.graphiql-editor-tool > :not(.hidden)';
      await page.locator(`${place} .view-lines`).click();
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.insertText(content);
    },
    async events() {
      const lines = await page.locator('.watch li').allInnerTexts();
      return lines.map((line) => line.replaceAll(/\s+/g, ' ').replace(/^\d\d:\d\d:\d\d /, ''));
    },
    phase: () => page.getByRole('region', { name: 'Watch' }).getByRole('status').innerText(),
  };
}

/** Polls until the expectation on the page holds. */
export const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, TIMEOUT);
