import { access, constants, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Config } from '../../config.js';
import { nodeVersionProblem } from '../../node-version.js';
import { ok, problem, warning, type Check, type Finding } from './finding.js';

type Result = Omit<Finding, 'subject'>;

/** The checks of this machine. */
export function localChecks({ host, port, auth, database }: Config): Check[] {
  const { source } = database;
  return [
    { subject: 'node', run: async () => [checkNode()] },
    { subject: 'port', run: async () => [await checkPort(host, port)] },
    ...(source.kind === 'embedded'
      ? [{ subject: 'data folder', run: async () => [await checkDataFolder(source.dataDir)] }]
      : []),
    { subject: 'access', run: async () => [checkAccess(auth)] },
  ];
}

function checkNode(): Result {
  const found = nodeVersionProblem();
  return found === null ? ok(`Node.js is ${process.versions.node}.`) : problem(found, 'Use the npm scripts.');
}

async function checkPort(host: string, port: number): Promise<Result> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, resolve);
    });
    return ok(`Port ${port} on ${host} is free.`);
  } catch (cause) {
    if (await isServing(host, port)) return ok(`A server responds on port ${port}.`);
    const { code } = cause as NodeJS.ErrnoException;
    return problem(`Port ${port} on ${host} cannot be used: ${code}.`, 'Set another PORT, or end the process on it.');
  } finally {
    probe.close();
  }
}

async function isServing(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  try {
    return (await fetch(`http://${name}:${port}/health`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // another program has the port
  }
}

async function checkDataFolder(dataDir: string): Promise<Result> {
  const folder = path.resolve(dataDir);
  const exists = await stat(folder).catch(() => null);
  const checked = exists === null ? path.dirname(folder) : folder;
  try {
    await access(checked, constants.W_OK);
  } catch {
    return problem(
      `${checked} is not writable, so the data folder cannot be used.`,
      'Set DATA_DIR, or its permissions.',
    );
  }
  return ok(exists === null ? `The data folder ${folder} will be created.` : `The data folder ${folder} is writable.`);
}

function checkAccess(auth: Config['auth']): Result {
  if (auth.kind !== 'open') return ok('Requests need a bearer token.');
  const remedy = 'Set AUTH_JWT_SECRET or AUTH_JWKS_URL.';
  return auth.guarded
    ? ok('Without authentication, the server listens on loopback addresses only.')
    : warning('AUTH_MODE=open: every client is admin, on every address.', remedy);
}
