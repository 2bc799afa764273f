import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePort, temporaryFolder } from './process.js';

export interface Prometheus {
  /** The result of a query: one entry for each time series. */
  query(expression: string): Promise<readonly { readonly value: readonly [number, string] }[]>;
  /** A response of its HTTP API. */
  read<T>(endpoint: string): Promise<T>;
}

const HAS_PROMETHEUS = ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0);

/** CI installs Prometheus; elsewhere the tests are reported as skipped without it. */
export const SKIPS_PROMETHEUS = !HAS_PROMETHEUS && process.env['CI'] !== 'true';
if (SKIPS_PROMETHEUS)
  process.stdout.write('SKIPPED: prometheus and promtool are not installed. Run apt-get install prometheus.\n');

export const DEPLOY = path.resolve('deploy/prometheus');

/** Runs promtool. @returns its exit status and what it printed */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

interface Configuration {
  readonly global: object;
  readonly scrape_configs: readonly { readonly dns_sd_configs?: unknown }[];
}

/** Starts Prometheus with the configuration in deploy/, for one server, with short intervals. It is stopped with the test. */
export async function startPrometheus(target: string, token: string): Promise<Prometheus> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const { global, scrape_configs, ...rest } = parse(
    await readFile(path.join(DEPLOY, 'prometheus.yml'), 'utf8'),
  ) as Configuration;
  const interval = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' };
  const scrapes = scrape_configs.map((scrape) => ({
    ...scrape,
    dns_sd_configs: [],
    static_configs: [{ targets: [new URL(target).host] }],
  }));
  const config = { ...rest, global: { ...global, ...interval }, scrape_configs: scrapes };
  await writeFile(path.join(folder, 'prometheus.yml'), stringify(config));
  await writeFile(path.join(folder, 'alerts.yml'), await readFile(path.join(DEPLOY, 'alerts.yml')));
  await writeFile(path.join(folder, 'metrics-token'), `${token}\n`);
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(
      () =>
        fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);

  async function read<T>(endpoint: string): Promise<T> {
    const response = await fetch(`${url}/api/v1/${endpoint}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${endpoint}: ${error}`);
    return data;
  }

  return {
    read,
    query: async (expression) => {
      const { result } = await read<{ result: [] }>(`query?query=${encodeURIComponent(expression)}`);
      return result;
    },
  };
}
