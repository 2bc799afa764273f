// Runs the tests that need programs besides the npm packages: the integration tests on the oldest supported PostgreSQL, then
// tests/servers and tests/faults. The tests of HTTP run twice more: with each document known to the fast lane, and without the fast lane.
// Without that PostgreSQL the former are reported as SKIPPED; with CI=true this is a failure.
import { spawnSync, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const OLDEST = 15;
const HOME = '/usr/lib/postgresql';

/** More runs of the tests with random input. */
const MANY = {
  MANY_EVENTS: '100000',
  MODEL_RUNS: '100',
  SAMENESS_DOCUMENTS: '5000',
  SAMENESS_REQUESTS: '3000',
  SAMENESS_HTTP_DOCUMENTS: '300',
  SAMENESS_WRITES: '1000',
};
const OVER_HTTP = [
  'http',
  'http-requests',
  'invalid-input',
  'hardening',
  'request-cost',
  'model',
  'idempotency',
  'paging',
  'bulk',
  'details',
  'nodes',
  'statistics',
  'subscription',
  'websocket',
].map((name) => `tests/integration/${name}.test.ts`);

let failed = false;
const bin = path.join(HOME, String(OLDEST), 'bin');
if (existsSync(path.join(bin, 'initdb'))) {
  await onPostgres(bin, (url) => {
    const tests = ['tests/integration', 'tests/long'];
    const env = { TEST_DATABASE_URL: url, FC_SEED: 'random', LONG_TESTS: 'on' };
    vitest(['run', '--testTimeout=60000', ...tests, 'tests/unit/execution-sameness.test.ts'], { ...env, ...MANY });
    const modes = [{ TEST_KNOWN_DOCUMENTS: 'on' }, { GRAPHQL_FAST_LANE: 'off' }];
    for (const mode of modes)
      vitest(['run', '--testTimeout=60000', ...OVER_HTTP], { ...env, ...mode, MODEL_RUNS: '30' });
  });
} else {
  const found = existsSync(HOME) ? readdirSync(HOME).join(', ') : 'none';
  process.stdout.write(
    `SKIPPED: PostgreSQL ${OLDEST} is not installed at ${bin} (found: ${found}). Run apt-get install postgresql-${OLDEST}.\n`,
  );
  if (process.env.CI === 'true') failed = true;
}
vitest(['run', '--config', 'vitest.servers.config.ts'], {});
process.exitCode = failed ? 1 : 0;

function vitest(args, env) {
  const { status } = spawnSync('vitest', args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) failed = true;
}

/** Runs `work` with a temporary PostgreSQL. If this process is root, PostgreSQL runs as the account postgres. */
async function onPostgres(bin, work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordergraph-pg-'));
  const account = process.getuid() === 0 ? accountOf('postgres') : {};
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid);
  const run = (program, args) =>
    execFileSync(path.join(bin, program), args, { ...account, stdio: ['ignore', 'ignore', 'inherit'] });
  const data = path.join(folder, 'data');
  const port = await freePort();
  run('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C']);
  const settings = [
    `-p ${port}`,
    '-c listen_addresses=127.0.0.1',
    '-c unix_socket_directories=',
    '-c fsync=off',
    '-c max_connections=200',
  ];
  // Not UTC: the server must not depend on the time zone of the database.
  run('pg_ctl', [
    'start',
    '-w',
    '-D',
    data,
    '-l',
    path.join(folder, 'log'),
    '-o',
    [...settings, '-c timezone=Asia/Kathmandu'].join(' '),
  ]);
  try {
    work(`postgresql://postgres@127.0.0.1:${port}/postgres`);
  } finally {
    run('pg_ctl', ['stop', '-w', '-m', 'fast', '-D', data]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function accountOf(name) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
