import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';
import { startProcess, temporaryFolder } from './process.js';

/** The process ids of PostgreSQL on this data folder. */
export function postgresOn(dataDir: string): number[] {
  const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return processes
    .filter((line) => line.includes('bin/postgres') && line.includes(dataDir))
    .map((line) => Number.parseInt(line, 10));
}

let template: Promise<string> | undefined;

/** A copy of a data folder that a stopped server has used. Its start is faster than a first start. */
export async function usedDataDir(): Promise<string> {
  template ??= makeTemplate();
  const folder = path.join(await temporaryFolder(), 'data');
  execFileSync('cp', ['-a', await template, folder]);
  return folder;
}

async function makeTemplate(): Promise<string> {
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  execFileSync('chmod', ['755', folder]);
  process.once('exit', () => execFileSync('rm', ['-rf', folder]));
  const dataDir = path.join(folder, 'data');
  const server = await startProcess({ DATA_DIR: dataDir });
  await server.end('SIGTERM');
  return dataDir;
}

/** The URL of the embedded PostgreSQL on the data folder, read from its files. */
export async function embeddedUrl(dataDir: string): Promise<URL> {
  const [, , , port] = (await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
  const password = await readFile(path.join(dataDir, 'postgres.password'), 'utf8');
  return new URL(`postgresql://ordergraph:${password}@127.0.0.1:${port}/ordergraph`);
}

/** A direct connection to the embedded PostgreSQL, closed at the end of the test. */
export async function connectTo(dataDir: string): Promise<Client> {
  const client = new Client({ connectionString: (await embeddedUrl(dataDir)).href });
  client.on('error', () => undefined); // the server under test stops PostgreSQL
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
