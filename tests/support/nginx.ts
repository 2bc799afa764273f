import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freePort, temporaryFolder } from './process.js';

export const HAS_NGINX = spawnSync('nginx', ['-v']).status === 0;

/** CI installs nginx; elsewhere the tests are reported as skipped without it. */
export const SKIPS_NGINX = !HAS_NGINX && process.env['CI'] !== 'true';
if (SKIPS_NGINX) process.stdout.write('SKIPPED: nginx is not installed. Run apt-get install nginx-light.\n');

const CONFIGURATION = 'deploy/nginx/ordergraph.conf';
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * Runs nginx with the configuration of the repository in front of servers on these ports. It is stopped with the test.
 *
 * @returns the URL of GraphQL behind nginx
 */
export async function nginxForTest(ports: readonly number[]): Promise<string> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const servers = ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join('\n  ');
  const text = (await readFile(CONFIGURATION, 'utf8'))
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace(/server server:4000 .*;/, servers);
  await mkdir(path.join(folder, 'temp'));
  await writeFile(path.join(folder, 'ordergraph.conf'), text);
  await writeFile(path.join(folder, 'nginx.conf'), mainConfiguration(folder));
  const child = spawn('nginx', ['-c', path.join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
    process.off('exit', kill);
  });
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => fetch(`${url}/ready`).then(({ status }) => status, String)).toBe(404);
  return `${url}/graphql`;
}

/** In the foreground, with one worker, and without files outside of the folder. */
function mainConfiguration(folder: string): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''; // the folder is private
  const folders = TEMPORARY.map((name) => `${name}_temp_path ${folder}/temp/${name};`);
  return `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 2048; }
http { access_log off; ${folders.join(' ')} include ${folder}/ordergraph.conf; }
`;
}
