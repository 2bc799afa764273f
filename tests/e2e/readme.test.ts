import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { update } from '../support/queries.js';

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

test("the README's examples are what a fresh server answers, one after the other", async () => {
  const blocks = blocksOf(await readFile('README.md', 'utf8'));
  const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
  let examples = 0;
  for (const [index, { language, text }] of blocks.entries()) {
    const answer = blocks[index + 1];
    if (answer?.language !== 'json') continue;
    const expected: unknown = JSON.parse(answer.text);
    if (language === 'sh') {
      const command = text.replace('http://127.0.0.1:4000/graphql', server.url).replace('curl', 'curl --silent');
      expect(JSON.parse((await run('sh', ['-c', command])).stdout)).toEqual(expected);
    } else {
      const { data } = await server.ask(text);
      expect({ data }).toEqual(expected);
    }
    examples += 1;
  }
  expect(examples).toBe(4);
  expect(await runTable(await readFile('README.md', 'utf8'), server)).toBe(17);

  const subscription = blocks.find(({ text }) => text.startsWith('subscription'))?.text ?? '';
  const watcher = await server.watch<{ orderStatusChanged: unknown }>(subscription);
  const id = /orderId: "(.*?)"/.exec(subscription)?.[1] ?? '';
  await update(server, { id, status: 'COMPLETED' });
  expect(await watcher.until((seen) => seen.length === 1)).toEqual([
    {
      orderStatusChanged: {
        version: 6,
        from: 'DELIVERED',
        to: 'COMPLETED',
        order: { number: '1001', status: 'COMPLETED' },
      },
    },
  ]);
});

const IDS = { ID: '0198a6c0-5f0e-7a3b-9c1d-2e4f60718293', OTHER: '0198a6c0-5f0e-7a3b-9c1d-000000000002' };

/** Runs the table of what it can do, row by row. @returns how many rows */
async function runTable(readme: string, server: ServerProcess): Promise<number> {
  const filled = (text: string) => text.replaceAll('"OTHER"', `"${IDS.OTHER}"`).replaceAll('"ID"', `"${IDS.ID}"`);
  const rows = [...readme.matchAll(/^\| ([^|]+?) +\| `((?:mutation )?\{.*?\})` +\| `(\{.*\})` +\|$/gm)];
  for (const [, , ask = '', answer = ''] of rows) {
    const asking = async () => (await server.ask<object>(filled(ask))).data;
    const expected: unknown = JSON.parse(filled(answer));
    // Statistics are a moment late; everything else is there at once.
    if (ask.includes('orderStats')) await expect.poll(asking, { timeout: 10_000 }).toEqual(expected);
    else expect(await asking()).toEqual(expected);
  }
  return rows.length;
}

test('the watch command prints a line for each change', async () => {
  const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
  const watching = run(process.execPath, ['dist/cli/watch.js', '--url', server.url], { encoding: 'utf8' });
  let printed = '';
  watching.child.stdout?.on('data', (chunk) => (printed += String(chunk)));
  const create = 'mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}]}) { order { id } } }';
  // The command connects in its own time, so orders are created until one of them is printed.
  await expect.poll(async () => (await server.get(create), printed.includes('\n')), { timeout: 15_000 }).toBe(true);
  const [line = ''] = printed.split('\n');
  expect(JSON.parse(line)).toMatchObject({
    from: null,
    to: 'PENDING',
    version: 1,
    order: { total: { amount: '1.00' } },
  });
  watching.child.kill('SIGTERM');
  await watching.catch((cause: unknown) => expect(cause).toMatchObject({ signal: 'SIGTERM' }));
});

test("the README's table of statuses is the lifecycle", async () => {
  const { LIFECYCLE } = await import('../../src/domain/lifecycle.js');
  const readme = await readFile('README.md', 'utf8');
  const rows = [...readme.matchAll(/^\| `([A-Z]+)` +\| ([A-Z, –]+?) +\|/gm)].map(([, status, next]) => [status, next]);
  expect(rows).toEqual(
    Object.entries(LIFECYCLE).map(([status, next]) => [status, next.length === 0 ? '–' : next.join(', ')]),
  );
});
