import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { freePort } from './process.js';

export const HAS_TOXIPROXY = spawnSync('toxiproxy-server', ['--version']).status === 0;

/** CI installs toxiproxy; elsewhere the tests are reported as skipped without it. */
export const SKIPS_TOXIPROXY = !HAS_TOXIPROXY && process.env['CI'] !== 'true';
if (SKIPS_TOXIPROXY) process.stdout.write('SKIPPED: toxiproxy-server is not installed; .ci/run shows how.\n');

/** A fault of the connections through the proxy, as toxiproxy names it. Both directions get it unless `stream` is given. */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'timeout' | 'reset_peer' | 'limit_data';
  /** `latency` and `jitter` in ms, `rate` in KB/s, `timeout` in ms (0: never), `bytes`. */
  readonly attributes: Readonly<Record<string, number>>;
  /** Towards the database, or towards the server. */
  readonly stream?: 'upstream' | 'downstream';
  /** The share of the connections that get it. Default: 1. */
  readonly toxicity?: number;
}

export interface Toxiproxy {
  /** The URL of the database through the proxy. */
  readonly url: string;
  /** Adds faults, to the current connections too. */
  readonly add: (...toxics: readonly Toxic[]) => Promise<void>;
  /** Removes all faults. Connections that a fault has closed or left half-open stay so. */
  readonly heal: () => Promise<void>;
  /** Closes all connections and rejects new ones. */
  readonly disable: () => Promise<void>;
  readonly enable: () => Promise<void>;
}

const NAME = 'postgres';

/** A toxiproxy in front of a database, ended with the test. */
export async function toxiproxyForTest(databaseUrl: string): Promise<Toxiproxy> {
  const [apiPort, port] = [await freePort(), await freePort()];
  const child = spawn('toxiproxy-server', ['-host', '127.0.0.1', '-port', String(apiPort)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const api = async (path: string, method = 'GET', body?: object) => {
    const response = await fetch(`http://127.0.0.1:${apiPort}${path}`, { method, body: JSON.stringify(body) ?? null });
    if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${response.status} ${await response.text()}`);
  };
  const reached = async () => {
    await api('/version');
    return true;
  };
  await expect.poll(reached).toBe(true);
  const target = new URL(databaseUrl);
  const listen = `127.0.0.1:${port}`;
  await api('/proxies', 'POST', { name: NAME, listen, upstream: target.host, enabled: true });
  const url = new URL(databaseUrl);
  url.host = listen;
  return {
    url: url.href,
    async add(...toxics) {
      for (const { stream, ...toxic } of toxics) {
        for (const each of stream === undefined ? ['upstream', 'downstream'] : [stream]) {
          await api(`/proxies/${NAME}/toxics`, 'POST', { ...toxic, stream: each });
        }
      }
    },
    heal: () => api('/reset', 'POST'),
    disable: () => api(`/proxies/${NAME}`, 'POST', { enabled: false }),
    enable: () => api(`/proxies/${NAME}`, 'POST', { enabled: true }),
  };
}
