// Ordinary clients beside a hostile one, which sends expensive, malformed and oversized requests without a pause. The latency
// and the errors of the ordinary clients are judged: npm run load -- hostile
import { check } from 'k6';
import http from 'k6/http';
import { Counter, Rate } from 'k6/metrics';
import { arrivals, ordinaryThresholds } from './k6/arrivals.ts';
import { mixedTraffic } from './k6/mixed-traffic.ts';
import { numberOf, secondsOf, HEADERS, URL } from './k6/settings.ts';
import { report, TREND_STATISTICS, valueOf, type Summary } from './k6/summary.ts';

const RATE = numberOf('RATE', 50);
const SECONDS = secondsOf('DURATION', '30s');
const HOSTILE_VUS = numberOf('HOSTILE_VUS', 4);

/** Share of hostile requests without an unexpected failure of the server. */
const contained = new Rate('contained');
const executed = new Counter('hostile_executed');

export const options = {
  scenarios: {
    ordinary: arrivals(RATE, SECONDS),
    hostile: { executor: 'constant-vus', exec: 'attack', vus: HOSTILE_VUS, duration: `${SECONDS}s` },
  },
  thresholds: { ...ordinaryThresholds(RATE, SECONDS, numberOf('P95_MS', 500)), contained: ['rate==1'] },
  summaryTrendStats: TREND_STATISTICS,
};

const documentOf = (query: string) => JSON.stringify({ query });
const PAGE = 'orders(first: 100) { totalCount nodes { id items { name } history { nodes { version } } } }';

/** The bodies of the hostile client, by kind. */
const ATTACKS: Readonly<Record<string, () => string>> = {
  'exact counts': () => documentOf(`{ a: ${PAGE} }`),
  'many pages': () => documentOf(`{ ${fields(10, (n) => `a${n}: ${PAGE}`)} }`),
  'new document': () => documentOf(`{ ${fields(100, (n) => `x${n}_${random()}: __typename`)} }`),
  'deep nesting': () => documentOf('{ orders { nodes '.repeat(200) + '{ id }' + ' } }'.repeat(200)),
  'too many tokens': () => documentOf(`{ ${fields(20_000, () => '__typename')} }`),
  'fragment cycle': () => documentOf('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'),
  'unknown fields': () => documentOf(`{ ${fields(500, (n) => `unknown${n}`)} }`),
  'invalid JSON': () => '{"query": "{ viewer { role } }", ',
  'deep JSON': () => '['.repeat(50_000),
  'no GraphQL': () => documentOf('} } }'),
  oversized: () => documentOf(`{ __typename } # ${'x'.repeat(1_500_000)}`),
  introspection: () => documentOf('{ __schema { types { fields { type { fields { name } } } } } }'),
};

function fields(count: number, field: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => field(n)).join(' ');
}

function random(): number {
  return Math.floor(Math.random() * 1e9);
}

const KINDS = Object.entries(ATTACKS);

export default mixedTraffic;

export function attack(): void {
  const [kind, body] = KINDS[Math.floor(Math.random() * KINDS.length)] ?? [];
  if (kind === undefined || body === undefined) return;
  const { status } = http.post(URL, body(), { headers: HEADERS, responseType: 'none' });
  const isContained = status !== 500;
  contained.add(isContained);
  if (!isContained) check(null, { [`hostile ${kind}: HTTP ${status}`]: () => false });
  if (status === 200) executed.add(1);
}

export function handleSummary(summary: Summary) {
  const sent = ['passes', 'fails'].reduce((sum, name) => sum + valueOf(summary, 'contained', name), 0);
  const title = `hostile: ${RATE} ordinary requests a second for ${SECONDS} s, ${HOSTILE_VUS} hostile clients`;
  return report(
    summary,
    title,
    [{ name: 'ordinary', metric: 'latency', seconds: SECONDS }],
    [`  ${sent} hostile requests, of which ${valueOf(summary, 'hostile_executed', 'count')} were executed`],
  );
}
