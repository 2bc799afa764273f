import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { transitionOrder } from '../support/order-requests.js';

const run = promisify(execFile);

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** Runs the examples in order. Each is a request followed by its response. @returns their number */
async function runExamples(blocks: readonly Block[], server: ServerProcess): Promise<number> {
  let examples = 0;
  for (const [index, { language, text }] of blocks.entries()) {
    const response = blocks[index + 1];
    if (response?.language !== 'json') continue;
    const expected: unknown = JSON.parse(response.text, (_, value: unknown) =>
      value === '…' ? expect.any(String) : value,
    );
    const actual = language === 'sh' ? async () => runCurl(text, server) : async () => requestData(text, server);
    // Statistics are updated after the event log; all other data is current at once.
    if (text.includes('orderStats')) await expect.poll(actual, { timeout: 10_000 }).toEqual(expected);
    else expect(await actual()).toEqual(expected);
    examples += 1;
  }
  return examples;
}

async function runCurl(command: string, server: ServerProcess): Promise<unknown> {
  const local = command.replace('http://127.0.0.1:4000/graphql', server.url).replace('curl', 'curl --silent');
  const { extensions: _, ...response } = JSON.parse((await run('sh', ['-c', local])).stdout) as Record<string, unknown>;
  return response;
}

async function requestData(query: string, server: ServerProcess): Promise<unknown> {
  const { data } = await server.request(query);
  return { data };
}

async function startFresh(): Promise<ServerProcess> {
  return startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
}

test('a server with an empty database returns the responses of the README', async () => {
  const blocks = blocksOf(await readFile('README.md', 'utf8'));
  const server = await startFresh();
  expect(await runExamples(blocks, server)).toBe(3);

  const query = blocks.find(({ text }) => text.startsWith('subscription'))?.text ?? '';
  const subscription = await server.subscribe<{ orderStatusChanged: { readonly version: number } }>(query);
  const id = /orderId: "(.*?)"/.exec(query)?.[1] ?? '';
  await transitionOrder(server, { id, status: 'PROCESSING' });
  const expected = { version: 3, from: 'CONFIRMED', to: 'PROCESSING', order: { number: '1001', status: 'PROCESSING' } };
  expect(await subscription.until(({ length }) => length === 1)).toEqual([{ orderStatusChanged: expected }]);
});

test('a server with an empty database returns the responses of the API cookbook', async () => {
  const blocks = blocksOf(await readFile('docs/api.md', 'utf8'));
  expect(await runExamples(blocks, await startFresh())).toBe(26);
});

test('the watch command prints a line for each change', async () => {
  const server = await startFresh();
  const watching = run(process.execPath, ['dist/cli/main.js', 'watch', '--url', server.url], { encoding: 'utf8' });
  let printed = '';
  watching.child.stdout?.on('data', (chunk) => (printed += String(chunk)));
  const create = 'mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}]}) { order { id } } }';
  // The time of the connection is unknown, so orders are created until one of them is printed.
  await expect.poll(async () => (await server.get(create), printed.includes('\n')), { timeout: 15_000 }).toBe(true);
  const [line = ''] = printed.split('\n');
  expect(JSON.parse(line)).toMatchObject({ type: 'CREATED', from: null, to: 'PENDING', version: 1 });
  watching.child.kill('SIGTERM');
  await watching;
});

test('the table of docs/lifecycle.md lists the allowed transitions', async () => {
  const { LIFECYCLE } = await import('../../src/domain/lifecycle.js');
  const page = await readFile('docs/lifecycle.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z]+)` +\| ([A-Z, –]+?) +\|/gm)].map(([, status, next]) => [status, next]);
  expect(rows).toEqual(
    Object.entries(LIFECYCLE).map(([status, next]) => [status, next.length === 0 ? '–' : next.join(', ')]),
  );
});

test('every link of the documentation leads to an existing file', async () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md'];
  for (const name of await readdir('docs', { recursive: true })) if (name.endsWith('.md')) pages.push(`docs/${name}`);
  const broken: string[] = [];
  for (const page of pages) {
    const links = (await readFile(page, 'utf8')).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
    for (const [, link = ''] of links) {
      if (!existsSync(path.join(path.dirname(page), link))) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});
