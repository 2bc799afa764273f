import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { usedDataDir } from '../support/embedded.js';
import { createdOrder } from '../support/order-requests.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { DEPLOY, promtool, SKIPS_PROMETHEUS, startPrometheus, type Prometheus } from '../support/prometheus.js';

const TOKEN = 'the-metrics-token-of-the-tests';
const ENV = { METRICS_TOKEN: TOKEN, FULFILMENT: 'simulated', FULFILMENT_COMPLETE_AFTER_MS: '100' };

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Rule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly state: string;
}

/** Queries without a result as long as nothing fails and no product service is configured. */
const MAY_BE_EMPTY = /ordergraph_batch_failures_total|ordergraph_product_lookups_total/;

async function dashboardQueries(): Promise<{ readonly title: string; readonly expr: string }[]> {
  const { panels } = JSON.parse(await readFile('deploy/grafana/ordergraph.json', 'utf8')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}

async function metricsText(server: ServerProcess): Promise<string> {
  return (await fetch(new URL('/metrics', server.url))).text();
}

/** Names of metrics, without the suffixes of the series of a histogram. */
function namesIn(text: string): Set<string> {
  const names = text.match(/\b(ordergraph|nodejs|process)_\w+/g) ?? [];
  return new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
}

/** A small load of every kind, until stopped. */
function loadOn(server: ServerProcess): () => Promise<void> {
  const stopping = new AbortController();
  const work = (async () => {
    const subscription = await server.subscribe('subscription Watch { orderStatusChanged { version } }');
    while (!stopping.signal.aborted) {
      const { id } = await createdOrder(server);
      await server.get('query Order($id: ID!) { order(id: $id) { id items { name } } }', { id });
      await server.get('query List { orders(first: 5) { count(limit: 10) { value } edges { node { id } } } }');
      await server.request('query Wrong { wrong }');
    }
    subscription.stop();
  })();
  return () => {
    stopping.abort();
    return work;
  };
}

async function ruleOf(prometheus: Prometheus, name: string): Promise<Rule | undefined> {
  const { groups } = await prometheus.read<{ groups: { rules: Rule[] }[] }>('rules');
  return groups.flatMap(({ rules }) => rules).find((rule) => rule.name === name);
}

test.skipIf(SKIPS_PROMETHEUS)('promtool accepts the configuration, the alerts and their tests', () => {
  for (const args of [
    ['check', 'config', '--syntax-only', path.join(DEPLOY, 'prometheus.yml')],
    ['check', 'rules', path.join(DEPLOY, 'alerts.yml')],
    ['test', 'rules', path.join(DEPLOY, 'alerts.test.yml')],
  ]) {
    const { status, text } = promtool(args);
    expect({ status, text }).toEqual({ status: 0, text: expect.any(String) });
  }
});

test.skipIf(SKIPS_PROMETHEUS)(
  'a real Prometheus scrapes the server under load, and the queries of the dashboard and the alerts have results',
  async () => {
    const server = await startProcess({ WORKERS: '2', ...ENV, DATA_DIR: await usedDataDir() });
    const stop = loadOn(server);
    const prometheus = await startPrometheus(server.url, TOKEN);
    const queries = await dashboardQueries();
    expect(queries.length).toBeGreaterThan(30);
    const withoutResult = async () => {
      const missing: string[] = [];
      for (const { title, expr } of queries) {
        const query = expr.replaceAll('$__rate_interval', '5s').replaceAll('$job', 'ordergraph');
        const result = await prometheus.query(query.replaceAll('$instance', '.+'));
        if (result.length === 0 && !MAY_BE_EMPTY.test(expr)) missing.push(`${title}: ${expr}`);
      }
      return missing;
    };
    await expect.poll(withoutResult, { timeout: 60_000, interval: 1_000 }).toEqual([]);
    const subscription = 'sum(ordergraph_subscription_events_total)';
    expect(Number((await prometheus.query(subscription))[0]?.value[1])).toBeGreaterThan(0);

    const { groups } = await prometheus.read<{ groups: { rules: Rule[] }[] }>('rules');
    const rules = groups.flatMap(({ rules }) => rules);
    expect(rules.length).toBeGreaterThanOrEqual(10);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);

    const text = await metricsText(server);
    const { status, text: criticism } = promtool(['check', 'metrics'], text);
    expect(`${status} ${criticism}`).toBe('0 ');
    const used = namesIn([...queries.map(({ expr }) => expr), ...rules.map(({ query }) => query)].join('\n'));
    const served = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    expect([...used].filter((name) => !served.has(name))).toEqual([]);

    await stop();
    await server.end('SIGTERM');
    await expect.poll(async () => (await ruleOf(prometheus, 'OrdergraphDown'))?.state).toBe('pending');
  },
);
