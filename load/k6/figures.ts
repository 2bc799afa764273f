// Memory, handles, database connections and event loop lag of the server, from /metrics, and whether they stay flat.
import { check, sleep } from 'k6';
import http from 'k6/http';
import { Counter, Gauge, Rate } from 'k6/metrics';
import { URL } from './settings.ts';
import { aligned, valueOf, type Summary } from './summary.ts';

interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The metric, whose series are added. */
  readonly metric: string;
  readonly scale: number;
  /** Growth that does not count as a leak, besides 10 %. */
  readonly tolerance: number;
}

const FIGURES: readonly Figure[] = [
  { name: 'memory', unit: 'MB', metric: 'process_resident_memory_bytes', scale: 1e-6, tolerance: 20 },
  { name: 'heap', unit: 'MB', metric: 'nodejs_heap_size_used_bytes', scale: 1e-6, tolerance: 20 },
  { name: 'open_files', unit: '', metric: 'process_open_fds', scale: 1, tolerance: 20 },
  { name: 'handles', unit: '', metric: 'nodejs_active_handles', scale: 1, tolerance: 20 },
  { name: 'connections', unit: '', metric: 'ordergraph_database_connections', scale: 1, tolerance: 2 },
  { name: 'loop_lag_p99', unit: 'ms', metric: 'nodejs_eventloop_lag_p99_seconds', scale: 1_000, tolerance: 50 },
];

/** Growth between the first and the last quarter of the samples that counts as flat. */
const FLAT_GROWTH = 1.1;
/** The first samples show the server warming up. */
const WARM_UP_SHARE = 0.2;
/** In a shorter run the server is still warming up. */
const LEAST_SECONDS = 600;

const VALUES = ['first', 'last', 'max'] as const;
const gauges = Object.fromEntries(
  FIGURES.flatMap(({ name }) => VALUES.map((value) => [`${name}_${value}`, new Gauge(`${name}_${value}`)])),
);
const flat = new Rate('flat');
const samplesTaken = new Counter('samples');

export const FIGURE_THRESHOLDS = { flat: ['rate==1'], samples: ['count>0'] };

const METRICS_URL = __ENV['METRICS_URL'] || URL.replace(/\/graphql$/, '/metrics');
const TOKEN = __ENV['METRICS_TOKEN'];
const HEADERS: Record<string, string> = TOKEN ? { authorization: `Bearer ${TOKEN}` } : {};

/** Takes samples for a time, and then judges them. The only iteration of its scenario. */
export function watchFigures(seconds: number): void {
  const samples = new Map<Figure, number[]>(FIGURES.map((figure) => [figure, []]));
  const interval = Math.min(10, seconds / 40);
  const end = Date.now() + 1_000 * seconds;
  while (Date.now() < end) {
    sleep(interval);
    const response = http.get(METRICS_URL, { headers: HEADERS, responseType: 'text', tags: { operation: 'metrics' } });
    if (!check(response, { 'figures: /metrics responds 200': ({ status }) => status === 200 })) continue;
    samplesTaken.add(1);
    for (const [figure, values] of samples) {
      const value = sumOf(response.body, figure.metric);
      if (value !== null) values.push(value * figure.scale);
    }
  }
  for (const [figure, values] of samples) judge(figure, values, seconds >= LEAST_SECONDS);
}

function judge({ name, tolerance }: Figure, samples: readonly number[], isLongEnough: boolean): void {
  if (samples.length === 0) return;
  const steady = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const quarter = Math.ceil(steady.length / 4);
  const [first, last] = [median(steady.slice(0, quarter)), median(steady.slice(-quarter))];
  gauges[`${name}_first`]?.add(first);
  gauges[`${name}_last`]?.add(last);
  gauges[`${name}_max`]?.add(Math.max(...samples));
  if (!isLongEnough) return;
  const isFlat = last <= first * FLAT_GROWTH + tolerance;
  flat.add(isFlat);
  check(null, { [`figures: ${name} is flat`]: () => isFlat });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The sum of all series of a metric in the text format of Prometheus; null without one. */
function sumOf(text: string, metric: string): number | null {
  const values = text.split('\n').flatMap((line) => {
    const [, name, value] = /^(\w+)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    return name === metric ? [Number(value)] : [];
  });
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** A table of the figures, and the verdict. */
export function figureLines(summary: Summary, seconds: number): string[] {
  const seen = FIGURES.filter(({ name }) => summary.metrics[`${name}_first`] !== undefined);
  if (seen.length === 0) return [`  No figures of the server: ${METRICS_URL} does not respond.`];
  const rows = seen.map(({ name, unit }) => {
    const values = VALUES.map((value) => valueOf(summary, `${name}_${value}`, 'value').toFixed(1));
    return [`${name}${unit && `, ${unit}`}`, ...values];
  });
  const isLongEnough = seconds >= LEAST_SECONDS;
  const verdict = valueOf(summary, 'flat', 'rate') === 1 ? 'The figures are flat.' : 'The figures grow.';
  const short = `Not judged: growth shows in runs of at least ${LEAST_SECONDS / 60} minutes.`;
  return ['', ...aligned([['server', 'begin', 'end', 'max'], ...rows]), `  ${isLongEnough ? verdict : short}`];
}
