// Run by npm before `start`, `test` and the other scripts, with whatever Node is on the machine and no package yet:
// brings the packages and the build up to date, so that a fresh clone needs one command.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
process.chdir(root);

const [major] = process.versions.node.split('.');
if (Number(major) < 20) fail(`Ordergraph needs Node.js 20 or newer; this is ${process.version}.`);

const INSTALLED = 'node_modules/.package-lock.json';
const GENERATED = 'src/generated/prisma/client.ts';
const BUILT = 'dist/.built';
const PLAYGROUND = path.join('dist', 'playground', 'index.html');

if (timeOf(INSTALLED) < newest(['package-lock.json'])) {
  say('installing packages');
  run('npm', ['ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund']);
  touch(INSTALLED);
}
if (timeOf(GENERATED) < newest(['prisma/schema.prisma', INSTALLED])) {
  say('generating the Prisma client');
  run('prisma', ['generate', '--no-hints'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  });
  touch(GENERATED);
}
if (timeOf(PLAYGROUND) < newest(['src/playground', INSTALLED])) {
  say('building the playground');
  run('vite', ['build', '--config', 'src/playground/vite.config.ts']);
}
const sources = entriesOf('src').filter((place) => !place.endsWith('playground'));
if (timeOf(BUILT) < newest([...sources, 'tsconfig.json', 'tsconfig.build.json', INSTALLED])) {
  say('building the server');
  for (const place of entriesOf('dist'))
    if (place !== path.dirname(PLAYGROUND)) rmSync(place, { recursive: true, force: true });
  run('tsc', ['-p', 'tsconfig.build.json']);
  writeFileSync(BUILT, '');
}

// "start" replaces npm's shell by the server, so that a signal to npm reaches it; cmd.exe knows no exec.
const EXEC = path.join('node_modules', '.bin', 'exec.cmd');
if (process.platform === 'win32' && !existsSync(EXEC)) writeFileSync(EXEC, '@%*\r\n');

/** The newest change below the given files and folders, in milliseconds; 0 where there is none. */
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

/** Runs a program of the packages, or npm; its output is shown only where it fails. */
function run(program, args, env = {}) {
  const bin = path.join(root, 'node_modules', '.bin');
  const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
  const options = { env: { ...process.env, ...env, PATH }, encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(`${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`);
}

function say(what) {
  process.stderr.write(`ordergraph: ${what} …\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
