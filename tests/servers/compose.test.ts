import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { VARIABLES } from '../../src/environment.js';
import { readComposeFile, type ComposeModel, type ComposeService } from '../support/compose.js';
import { temporaryFolder } from '../support/process.js';
import { isOnPath } from '../support/programs.js';

const hasGo = isOnPath('go');
const FILE = 'docker-compose.yml';
const text = readFileSync(FILE, 'utf8');
/** Port of the server in its image. */
const PORT = 4_000;

test('CI has Go, which runs the reference implementation of the Compose Specification', () => {
  expect(hasGo || process.env['CI'] !== 'true').toBe(true);
});

describe.skipIf(!hasGo)('docker-compose.yml', () => {
  const { services, volumes }: ComposeModel = hasGo ? readComposeFile(FILE) : { services: {}, volumes: {} };
  const all: readonly ComposeService[] = Object.values(services);
  /** By which containers reach each other. */
  const names = [...Object.keys(services), ...all.flatMap(({ networks = {} }) => networks['default']?.aliases ?? [])];
  const built = Object.entries(services).filter(([, service]) => service.build !== undefined);

  test('is valid by the Compose Specification, which an unknown key is not', async () => {
    const file = path.join(await temporaryFolder(), FILE);
    await writeFile(file, text.replace('stop_grace_period', 'stop_grace'));
    expect(() => readComposeFile(file)).toThrow(/stop_grace/);
  });

  test('every service and every volume that a service names exists', () => {
    for (const { depends_on: others = {}, volumes: mounts = [] } of all) {
      expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(others)));
      const named = mounts.filter(({ type }) => type === 'volume').map(({ source }) => source);
      expect(Object.keys(volumes)).toEqual(expect.arrayContaining(named));
    }
  });

  test('configures the servers and the migration alike, with known variables and valid values', () => {
    expect(built.map(([name]) => name).toSorted()).toEqual(['migrate', 'replica', 'server']);
    for (const [, { environment = {} }] of built) {
      expect(environment).toEqual(services['server']?.environment);
      expect(Object.keys(environment).filter((name) => !(name in VARIABLES))).toEqual([]);
      const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
      expect(() => readConfig({ ...env, NODE_ENV: 'production', HOST: '0.0.0.0' })).not.toThrow();
    }
  });

  test('migrates before a server starts, by a command that the image has', () => {
    const [program, script = ''] = services['migrate']?.command ?? [];
    expect([program, existsSync(script.replace(/^dist(.*)js$/, 'src$1ts'))]).toEqual(['node', true]);
    for (const name of ['server', 'replica'])
      expect(services[name]?.depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } });
    expect(services['migrate']?.depends_on).toMatchObject({ postgres: { condition: 'service_healthy' } });
  });

  test('every service that others wait for has a health check', () => {
    const awaited = all.flatMap(({ depends_on: others = {} }) =>
      Object.keys(others).filter((name) => others[name]?.condition === 'service_healthy'),
    );
    expect(awaited).toContain('postgres');
    for (const name of awaited) {
      const service = services[name];
      expect(service?.healthcheck?.disable).not.toBe(true);
      const ofImage = service?.build !== undefined && /^HEALTHCHECK/m.test(readFileSync('Dockerfile', 'utf8'));
      expect(service?.healthcheck !== undefined || ofImage).toBe(true);
    }
  });

  test('every file that a service mounts exists, and every image has a version', () => {
    for (const { volumes = [], image, build } of all) {
      const mounted = volumes.filter(({ type }) => type === 'bind').map(({ source }) => source);
      expect(mounted.filter((source) => !existsSync(source))).toEqual([]);
      expect(image).toMatch(build === undefined ? /:v?\d+\.\d+/ : /^ordergraph$/);
    }
  });

  test('ports are published once, on the loopback address only', () => {
    const ports = all.flatMap((service) => service.ports ?? []);
    expect(ports.map((port) => port.host_ip)).toEqual(ports.map(() => '127.0.0.1'));
    expect(new Set(ports.map(({ published }) => published)).size).toBe(ports.length);
    expect(services['server']?.ports?.map(({ target }) => target)).toEqual([PORT]);
  });

  test('the commands at its top select profiles and services that exist', () => {
    const commands = [...text.matchAll(/^# .*?((?:[A-Z_]+=\S+ )?docker compose --profile (\w+) up --build)$/gm)];
    const profiles = new Set(all.flatMap((service) => service.profiles ?? []));
    expect(new Set(commands.map(([, , profile]) => profile))).toEqual(profiles);
    for (const [, command = '', profile = ''] of commands) {
      const [, variable, host] = /^([A-Z_]+)=(?:\w+:\/\/)?(\w+):\d+ /.exec(command) ?? [];
      if (variable === undefined) continue;
      expect(services[host ?? '']?.profiles).toEqual([profile]);
      expect(text).toContain(`${variable}: \${${variable}:-}`);
    }
  });

  test('nginx, Prometheus and Grafana name services that exist', () => {
    const hosts = [
      ...hostsIn('deploy/nginx/ordergraph.conf', /^\s*server ([\w-]+):4000/gm),
      ...hostsIn('deploy/prometheus/prometheus.yml', /names: \[([\w, -]+)\]/g),
      ...hostsIn('deploy/grafana/provisioning/datasources/prometheus.yaml', /url: http:\/\/([\w-]+):9090/g),
    ];
    expect(names).toEqual(expect.arrayContaining(hosts));
    expect(services['replica']?.networks?.['default']?.aliases).toEqual(['server']);
  });

  test('a server has the time to stop that it needs', () => {
    for (const [, { stop_grace_period: period = '', environment = {} }] of built)
      expect(Number.parseInt(period, 10)).toBeGreaterThan(Number(environment['SHUTDOWN_DELAY_MS']) / 1_000 + 15);
  });
});

function hostsIn(file: string, pattern: RegExp): readonly string[] {
  const hosts = [...readFileSync(file, 'utf8').matchAll(pattern)].flatMap(([, host = '']) => host.split(', '));
  expect(hosts).not.toEqual([]);
  return hosts;
}
