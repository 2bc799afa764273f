import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectTo, postgresOn, usedDataDir } from '../support/embedded.js';
import { run, startProcess, temporaryFolder } from '../support/process.js';
import { createdOrder } from '../support/order-requests.js';

const LOCK_AND_WAIT = `
  const { lockDataFolder } = await import(process.argv[1]);
  await lockDataFolder(process.argv[2]).then(
    () => { process.stdout.write('locked'); setInterval(() => undefined, 1000); },
    (cause) => process.stdout.write(cause.message),
  );`;

/** The advisory lock of migrations, which a start waits for. */
const MIGRATION_LOCK = 72_707_369;

interface Starter {
  readonly child: ChildProcess;
  readonly output: Promise<string>;
}

/** A process that locks the folder or prints the process that holds the lock. */
function starter(dataDir: string): Starter {
  const module = path.resolve('dist/database/data-folder-lock.js');
  const child = spawn(process.execPath, ['--input-type=module', '-e', LOCK_AND_WAIT, module, dataDir]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output: new Promise((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk)))) };
}

async function kill({ child }: Starter): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

test('exactly one of several processes locks the folder after its holder dies, in every round', async () => {
  const dataDir = await temporaryFolder();
  let holder = starter(dataDir);
  expect(await holder.output).toBe('locked');
  for (let round = 0; round < 8; round += 1) {
    const starters = Array.from({ length: 6 }, () => starter(dataDir)); // some wait for the lock when its holder dies
    await kill(holder);
    const outputs = await Promise.all(starters.map(({ output }) => output));
    const winners = starters.filter((_, index) => outputs[index] === 'locked');
    expect(winners).toHaveLength(1);
    holder = winners[0] ?? holder;
    for (const output of outputs.filter((text) => text !== 'locked')) {
      expect(output).toContain(`process ${holder.child.pid}. Stop it`);
    }
  }
  await kill(holder);
});

test('exactly one of several concurrent servers uses the PostgreSQL of a killed server', async () => {
  const dataDir = await usedDataDir();
  let server = await startProcess({ DATA_DIR: dataDir });
  for (let round = 0; round < 4; round += 1) {
    await server.end('SIGKILL');
    expect(JSON.parse(await readFile(path.join(dataDir, 'server.json'), 'utf8'))).toMatchObject({ pid: server.pid });
    const starts = await Promise.all(Array.from({ length: 4 }, () => run({ DATA_DIR: dataDir })));
    const running = starts.filter((start) => 'pid' in start);
    expect(running).toHaveLength(1);
    server = running[0] ?? server;
    await createdOrder(server);
  }
  await server.end('SIGTERM');
});

test('all processes end if a start is stopped while it waits', async () => {
  const dataDir = await usedDataDir();
  const killed = await startProcess({ DATA_DIR: dataDir });
  await killed.end('SIGKILL');
  const other = await connectTo(dataDir);
  await other.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
  const child = spawn(process.execPath, [path.resolve('dist/main.js')], { env: { DATA_DIR: dataDir, PORT: '0' } });
  let output = '';
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const connected = 'SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()';
  await expect.poll(async () => (await other.query(connected, ['ordergraph'])).rowCount, { timeout: 20_000 }).toBe(1);
  child.kill('SIGTERM');
  expect(await exited).toBe(1);
  expect(output).toMatch(/^Stopped while starting\.$/m);
  expect(postgresOn(dataDir)).toEqual([]);
});
