import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { VARIABLES } from '../../src/environment.js';
import {
  HAS_KUBERNETES_TOOLS,
  manifestsOf,
  renderOverlay,
  schemaErrorsOf,
  type Container,
  type Manifest,
  type PodSpec,
  type Selector,
} from '../support/kubernetes.js';

test('CI has the programs that these tests require', () => {
  expect(HAS_KUBERNETES_TOOLS || process.env['CI'] !== 'true').toBe(true);
});

/** Connections of a server outside its pool: for LISTEN, the sequencer and the jobs of fulfilment. */
const OTHER_CONNECTIONS = 6;
/** 100 of PostgreSQL by default, without the 3 for superusers. */
const DATABASE_CONNECTIONS = 97;

describe.skipIf(!HAS_KUBERNETES_TOOLS).each(['trial', 'production'])('deploy/k8s/%s', (overlay) => {
  const yaml = HAS_KUBERNETES_TOOLS ? renderOverlay(overlay) : '';
  const all = manifestsOf(yaml);
  const ofKind = (kind: string) => all.filter((manifest) => manifest.kind === kind);
  const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata.name === name);
  const pods = all.flatMap(({ metadata, spec }) =>
    spec?.template === undefined
      ? []
      : [{ name: metadata.name, labels: spec.template.metadata.labels, spec: spec.template.spec }],
  );
  const containers = pods.flatMap(({ spec }) => spec.containers);
  const server = podOf('ordergraph');
  const migration = podOf('ordergraph-migration');
  const env = environmentOf(server.containers[0]);

  function podOf(name: string): PodSpec {
    const found = pods.find((pod) => pod.name === name);
    if (found === undefined) throw new Error(`There is no pod ${name}.`);
    return found.spec;
  }

  function selectedBy(selector: Selector | undefined) {
    const wanted = Object.entries(selector?.matchLabels ?? {});
    return pods.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
  }

  /** The environment from the config maps and secrets that the container names. */
  function environmentOf(container: Container | undefined): Record<string, string> {
    const sources = (container?.envFrom ?? []).map(({ configMapRef, secretRef }) => {
      const data = named(configMapRef ? 'ConfigMap' : 'Secret', (configMapRef ?? secretRef)?.name ?? '')?.data ?? {};
      const decode = (value: string) => (secretRef ? Buffer.from(value, 'base64').toString() : value);
      return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, decode(value)]));
    });
    expect(sources.every((source) => Object.keys(source).length > 0)).toBe(true);
    return Object.assign({}, ...sources) as Record<string, string>;
  }

  test('is valid by the schemas of Kubernetes, without unknown fields', () => {
    expect(schemaErrorsOf(yaml)).toBe('');
    expect(schemaErrorsOf(yaml.replace('containerPort:', 'containersPort:'))).toMatch(/containersPort/);
  });

  test('configures the server and the migration with known variables and valid values', () => {
    expect(Object.keys(env).filter((name) => !(name in VARIABLES))).toEqual([]);
    expect(environmentOf(migration.containers[0])).toEqual(env);
    const config = readConfig(env);
    expect(config).toMatchObject({ host: '0.0.0.0', port: 4000, playground: false, database: { migrate: false } });
    expect(config.auth.kind).not.toBe('open');
  });

  test('runs one version of the image, which is that of package.json', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const images = [server, migration].map(({ containers: [container] }) => container?.image);
    expect(images).toEqual(Array.from(images, () => expect.stringMatching(new RegExp(`/ordergraph:${version}$`))));
    for (const { image } of containers) expect(image).toMatch(/:\d+\.\d+/);
    const source = migration.containers[0]?.command?.[1]?.replace(/^dist(.*)js$/, 'src$1ts') ?? '';
    expect(existsSync(source)).toBe(true);
  });

  test('runs every container without privileges, with a read-only file system and with limits', () => {
    for (const { spec } of pods)
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext, resources } of containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
  });

  test('every selector, port, service and account that a manifest names exists', () => {
    for (const { metadata, spec } of ofKind('Service')) {
      const selected = selectedBy({ matchLabels: spec?.selector ?? {} });
      expect(selected.map(({ name }) => name)).toEqual([metadata.name]);
      const ports = selected.flatMap((pod) => pod.spec.containers).flatMap((container) => container.ports ?? []);
      for (const { targetPort } of spec?.ports ?? []) expect(ports.map(({ name }) => name)).toContain(targetPort);
    }
    for (const { spec } of [...ofKind('Deployment'), ...ofKind('StatefulSet'), ...ofKind('PodDisruptionBudget')])
      expect(selectedBy(spec?.selector)).toHaveLength(1);
    for (const { labelSelector } of server.topologySpreadConstraints ?? [])
      expect(selectedBy(labelSelector).map(({ spec }) => spec)).toEqual([server]);
    for (const { spec } of ofKind('NetworkPolicy')) {
      expect(selectedBy(spec?.podSelector)).not.toEqual([]);
      for (const { podSelector } of spec?.ingress?.flatMap(({ from }) => from ?? []) ?? [])
        if (podSelector) expect(selectedBy(podSelector)).not.toEqual([]);
    }
    for (const { spec } of ofKind('HorizontalPodAutoscaler'))
      expect(named(spec?.scaleTargetRef?.kind ?? '', spec?.scaleTargetRef?.name ?? '')).toBeDefined();
    for (const { serviceAccountName: name } of pods.map(({ spec }) => spec))
      if (name !== undefined) expect(named('ServiceAccount', name)).toBeDefined();
    for (const { kind, metadata } of all)
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe('ordergraph');
  });

  test('the ingress serves GraphQL only, by names that the server accepts', () => {
    const [rule, ...others] = ofKind('Ingress').flatMap(({ spec }) => spec?.rules ?? []);
    expect(others).toEqual([]);
    expect(rule?.http.paths.map(({ path }) => path)).toEqual(['/graphql']);
    for (const { backend } of rule?.http.paths ?? []) {
      const ports = named('Service', backend.service.name)?.spec?.ports ?? [];
      expect(ports.map(({ name }) => name)).toContain(backend.service.port.name);
    }
    const { hosts } = readConfig(env).guard;
    if (hosts !== null) expect(hosts).toContain(rule?.host);
  });

  test('the network policies admit the ports that the server uses', () => {
    const allowed = (component: string) =>
      ofKind('NetworkPolicy')
        .filter(({ spec }) => spec?.podSelector?.matchLabels?.['app.kubernetes.io/component'] === component)
        .flatMap(({ spec }) => spec?.egress ?? [])
        .flatMap(({ ports }) => ports.map(({ port }) => port));
    const portOf = (url: string, fallback: number) => Number(new URL(url).port || fallback);
    expect(allowed('server')).toContain(portOf(env['DATABASE_URL'] ?? '', 5432));
    expect(allowed('migration')).toContain(portOf(env['DATABASE_URL'] ?? '', 5432));
    if (env['REDIS_URL'] !== undefined) expect(allowed('server')).toContain(portOf(env['REDIS_URL'], 6379));
    for (const name of ['DATABASE_URL', 'REDIS_URL']) {
      const { hostname } = new URL(env[name] ?? 'none://outside.example');
      if (!hostname.includes('.')) expect(named('Service', hostname)).toBeDefined();
    }
  });

  test('the server has time to start and to stop', () => {
    const { startupProbe, livenessProbe, readinessProbe } = server.containers[0] ?? {};
    const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet);
    expect(paths).toEqual(['/health', '/health', '/ready'].map((path) => ({ path, port: 'http' })));
    const delayMs = Number(env['SHUTDOWN_DELAY_MS']);
    const readinessMs = (readinessProbe?.periodSeconds ?? 0) * (readinessProbe?.failureThreshold ?? 0) * 1_000;
    expect(delayMs).toBeGreaterThanOrEqual(readinessMs);
    const startMs = (startupProbe?.periodSeconds ?? 0) * (startupProbe?.failureThreshold ?? 0) * 1_000;
    expect(startMs).toBeGreaterThan(readConfig(env).database.waitMs);
    expect(server.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(delayMs / 1_000 + 15);
  });

  test('the largest number of servers fits into the connections of PostgreSQL', () => {
    const most = ofKind('HorizontalPodAutoscaler')[0]?.spec?.maxReplicas ?? 1;
    const each = readConfig(env).database.poolSize + OTHER_CONNECTIONS;
    expect(most * each).toBeLessThanOrEqual(DATABASE_CONNECTIONS);
  });
});

describe.skipIf(!HAS_KUBERNETES_TOOLS)('the trial', () => {
  test('has one server, and a PostgreSQL with the password that the server uses', () => {
    const manifests = manifestsOf(renderOverlay('trial'));
    const find = (kind: string, start: string): Manifest | undefined =>
      manifests.find(({ kind: each, metadata }) => each === kind && metadata.name.startsWith(start));
    expect(find('HorizontalPodAutoscaler', 'ordergraph')).toBeUndefined();
    expect(find('Deployment', 'ordergraph')?.spec?.replicas).toBe(1);
    const secret = (name: string, key: string) =>
      Buffer.from(find('Secret', name)?.data?.[key] ?? '', 'base64').toString();
    const { username, password, pathname } = new URL(secret('ordergraph', 'DATABASE_URL'));
    const ofPostgres = ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'].map((key) => secret('postgres', key));
    expect([username, password, pathname.slice(1)]).toEqual(ofPostgres);
  });
});
