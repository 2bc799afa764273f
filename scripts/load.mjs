// npm run load -- NAME: runs a k6 script of load/ against the server at URL, or against a new server.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

const K6 = 'go.k6.io/k6@v1.8.1';

const [name] = process.argv.slice(2);
const known = readdirSync('load').flatMap((file) => /^(.+)\.ts$/.exec(file)?.[1] ?? []);
if (!known.includes(name)) fail(`Usage: npm run load -- NAME, where NAME is one of: ${known.join(', ')}.`);

const k6 = findK6();
if (k6 === null) {
  fail(
    `k6 is not on the PATH. Install it with "go install ${K6}", or see https://k6.io. The npm package k6 is a different program.`,
  );
}
const given = process.env.URL;
const server = given === undefined ? await startServer() : { url: await reach(given), stop: async () => {} };
const { status } = spawnSync(
  k6,
  ['run', '--quiet', '--no-usage-report', '-e', `URL=${server.url}`, path.join('load', `${name}.ts`)],
  {
    stdio: 'inherit',
  },
);
await server.stop();
process.exitCode = status ?? 1;

/** The GraphQL address of a URL, after a test request. An invalid URL fails before the load starts. */
async function reach(text) {
  if (!URL.canParse(text)) fail(`URL must be a URL; it is ${text}.`);
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = '/graphql';
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{__typename}"}',
  };
  const response = await fetch(url, request).catch(() => null);
  const isServer = response !== null && (await response.json().catch(() => null))?.data?.__typename === 'Query';
  if (!isServer) fail(`No GraphQL server responds at ${url.href}.`);
  return url.href;
}

function findK6() {
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    process.env.GOBIN,
    path.join(homedir(), 'go/bin'),
  ];
  const found = folders.filter((folder) => folder).map((folder) => path.join(folder, 'k6'));
  // The npm package of that name is a dummy.
  return found.find((file) => existsSync(file) && !file.includes('node_modules')) ?? null;
}

/** Starts a server on a free port with an empty database, which is removed after the run. */
async function startServer() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordergraph-load-'));
  const env = { ...process.env, PORT: '0', DATA_DIR: path.join(folder, 'data'), LOG_LEVEL: 'error' };
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
      const ready = /^ready (\S+)$/m.exec(text);
      if (ready !== null) resolve(ready[1]);
    });
    void ended.then(() => resolve(null));
  });
  if (url === null) fail('The server did not start.');
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
