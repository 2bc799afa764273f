// The charts of the report, as SVG.
import type { Latency, Sample } from './cells.ts';

export interface Series {
  readonly sample: Sample;
  readonly color: string;
}

const WIDTH = 380;
const NAME_WIDTH = 92;
const VALUE_WIDTH = 70;
const ROW = 24;

/** Not GraphQL servers: their rates would make every other bar short. A bar that does not fit is drawn with an arrow. */
const OFF_SCALE: ReadonlySet<string> = new Set(['pgbench', 'echo']);

/** A bar with a label for each contestant. */
export function barChart(series: readonly Series[]): string {
  const scaled = series.filter(({ sample }) => !OFF_SCALE.has(sample.contestant));
  const most = Math.max(...(scaled.length > 0 ? scaled : series).map(({ sample }) => sample.rate), 1);
  const bars = series.map(({ sample, color }, index) => {
    const y = index * ROW;
    const share = sample.failure === null ? sample.rate / most : 0;
    const width = Math.max(1, (WIDTH - NAME_WIDTH - VALUE_WIDTH) * Math.min(share, 1));
    const end = NAME_WIDTH + width;
    const arrow = share > 1 ? `<path d="M${end} ${y + 3} l8 8 l-8 8 z" fill="${color}"/>` : '';
    const value = sample.failure === null ? rateText(sample.rate) : 'FAILED';
    return `<text x="0" y="${y + 15}">${escapeHtml(sample.contestant)}</text>
<rect x="${NAME_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="16" fill="${color}"/>${arrow}
<text x="${(end + (share > 1 ? 12 : 6)).toFixed(1)}" y="${y + 15}">${value}</text>`;
  });
  return svg(series.length * ROW, 'Answers a second by server', bars.join('\n'));
}

const HEIGHT = 190;
const LEFT = 44;
const BOTTOM = 36;
const TOP = 8;
/** Percentiles by the number of nines, so that the slow answers are not squeezed. The maximum has no percentile. */
const TICKS = [
  ['0', 0],
  ['p50', 0.301],
  ['p90', 1],
  ['p99', 2],
  ['p99.9', 3],
  ['max', 3.5],
] as const;

/** The latency of each contestant by percentile, on logarithmic scales. */
export function latencyChart(series: readonly Series[]): string {
  const drawn = series.filter(({ sample }) => sample.latency.length > 0 && sample.failure === null);
  const values = drawn.flatMap(({ sample }) => sample.latency.map(([, ms]) => ms)).filter((ms) => ms > 0);
  if (values.length === 0) return '';
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const x = (nines: number) => LEFT + ((WIDTH - LEFT - 16) * nines) / 3.5;
  const y = (ms: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - Math.log10(ms))) / (high - low);
  const rows = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).map(
    (ms) => `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}"/>
<text class="axis" x="${LEFT - 6}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${Number(ms.toPrecision(1))}</text>`,
  );
  const columns = TICKS.map(
    ([name, nines]) =>
      `<text class="axis" x="${x(nines).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${name}</text>`,
  );
  const lines = drawn.map(
    ({ sample, color }) =>
      `<polyline stroke="${color}" points="${pointsOf(sample.latency, x, y)}"><title>${escapeHtml(sample.contestant)}</title></polyline>`,
  );
  const title = `<text class="axis" x="${LEFT}" y="${HEIGHT - 4}">Latency in ms by percentile</text>`;
  return svg(HEIGHT, 'Latency in milliseconds by percentile', [...rows, ...columns, ...lines, title].join('\n'));
}

function pointsOf(latency: Latency, x: (nines: number) => number, y: (ms: number) => number): string {
  return latency
    .filter(([, ms]) => ms > 0)
    .map(([percentile, ms]) => {
      const nines = percentile === 100 ? 3.5 : -Math.log10(1 - percentile / 100);
      return `${x(nines).toFixed(1)},${y(ms).toFixed(1)}`;
    })
    .join(' ');
}

function svg(height: number, label: string, content: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">\n${content}\n</svg>`;
}

export function rateText(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
