import { spawn, spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { usedDataDir } from '../support/embedded.js';
import { startProcess } from '../support/process.js';

const HAS_K6 = ['k6', path.join(process.env['GOBIN'] ?? path.join(homedir(), 'go/bin'), 'k6')].some(
  (program) => spawnSync(program, ['version']).status === 0,
);
const SKIPPED = !HAS_K6 && process.env['CI'] !== 'true';
if (SKIPPED) process.stdout.write('SKIPPED: k6 is not installed. Run go install go.k6.io/k6@v1.8.1.\n');

/** The machine of the tests may be busy, and latencies are not tested. */
const SHORT = { P95_MS: '30000', VUS: '20', RATE: '40', DURATION: '2s' };

/** Runs `npm run load -- NAME`. */
async function runLoad(name: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['scripts/load.mjs', name], { env: { ...process.env, ...SHORT, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

const SCRIPTS: readonly (readonly [name: string, env: Record<string, string>, shown: RegExp])[] = [
  ['create', {}, /^ {2}create +\d+ /m],
  ['mixed', {}, /^ {2}list +\d+ /m],
  ['ramp', { RATE_FROM: '20', RATE_TO: '40', RATE_FACTOR: '2', STEP: '2s' }, /^ {2}Highest rate kept: \d+ /m],
  ['spike', { BEFORE: '1s', SPIKE: '1s', SPIKE_RATE: '200', RECOVERY: '1s', AFTER: '1s' }, /^ {2}after +\d+ /m],
  ['soak', { DURATION: '4s' }, /^ {2}memory, MB +\d+/m],
  ['subscribers', { SUBSCRIBERS: '60', OPENING: '2s', RATE: '10' }, /60 of 60 subscribers received every event once/],
  ['hostile', { DURATION: '3s' }, /[1-9]\d* hostile requests/],
];

test.skipIf(SKIPPED)('every load script passes against a server, and shows a table', async () => {
  const { url } = await startProcess({ DATA_DIR: await usedDataDir() });
  for (const [name, env, shown] of SCRIPTS) {
    const { code, output } = await runLoad(name, { URL: url, ...env });
    expect(output).toContain('All thresholds hold.');
    expect(output).toMatch(shown);
    expect(code).toBe(0);
  }
});

/** A proxy that changes responses. */
async function startProxy(target: string, change: (response: string) => Promise<string>): Promise<string> {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const headers = { 'content-type': 'application/json' };
    const answered = await fetch(target, { method: 'POST', headers, body });
    const text = await change(await answered.text());
    response.writeHead(answered.status, headers).end(text);
  }
  const proxy = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graphql`;
}

test.skipIf(SKIPPED)('a faulty server fails a threshold, although its HTTP status is 200', async () => {
  const { url } = await startProcess({ DATA_DIR: await usedDataDir() });
  let answers = 0;
  const every20th = (wrong: (text: string) => string) => (text: string) =>
    Promise.resolve((answers += 1) % 20 === 0 ? wrong(text) : text);

  const wrongTotal = await startProxy(
    url,
    every20th((text) => text.replace('"13.59"', '"13.58"')),
  );
  const wrong = await runLoad('create', { URL: wrongTotal });
  expect(wrong.output).toMatch(/FAILED \d+× {2}create: wrong answer/);
  expect(wrong.output).toContain('Failed thresholds: failed: rate==0');
  expect(wrong.code).toBe(99);

  const error = JSON.stringify({ data: null, errors: [{ message: 'no', extensions: { code: 'NO_SUCH_CODE' } }] });
  const failing = await startProxy(
    url,
    every20th((text) => (text.includes('__typename') ? text : error)),
  );
  expect((await runLoad('mixed', { URL: failing })).output).toMatch(/FAILED \d+× {2}\w+: NO_SUCH_CODE/);

  const slow = await startProxy(url, (text) => sleep(300, text));
  const late = await runLoad('create', { URL: slow, P95_MS: '250' });
  expect(late.output).toContain('Failed thresholds: latency: p(95)<250');
  expect(late.code).toBe(99);
});
