import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';
import { startProcess, temporaryFolder } from './process.js';

/** PostgreSQL processes that work on this data folder. */
export function postgresOn(dataDir: string): number[] {
  const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return processes
    .filter((line) => line.includes('bin/postgres') && line.includes(dataDir))
    .map((line) => Number.parseInt(line, 10));
}

let template: Promise<string> | undefined;

/** A data folder that a server was stopped on, copied for this test: its start takes less time than a first one. */
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

/** The URL of the embedded PostgreSQL that runs on the data folder, as its files tell it. */
export async function embeddedUrl(dataDir: string): Promise<URL> {
  const [, , , port] = (await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
  const password = await readFile(path.join(dataDir, 'postgres.password'), 'utf8');
  return new URL(`postgresql://ordergraph:${password}@127.0.0.1:${port}/ordergraph`);
}

/** A connection to the embedded PostgreSQL past the server under test, closed with the test. */
export async function connectTo(dataDir: string): Promise<Client> {
  const client = new Client({ connectionString: (await embeddedUrl(dataDir)).href });
  client.on('error', () => undefined); // the server under test stops PostgreSQL
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
