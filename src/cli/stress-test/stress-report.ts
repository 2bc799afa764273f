import { table } from '../command.js';
import type { Creations } from './create-orders.js';
import type { StressOptions } from './stress-options.js';
import type { Verification } from './verify-orders.js';

const PERCENTILES = [50, 90, 95, 99, 99.9] as const;

export interface StressReport {
  readonly run: string;
  readonly orders: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly interrupted: boolean;
  readonly succeeded: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly seconds: number;
  /** Successes only. */
  readonly ordersPerSecond: number;
  /** Of requests, in milliseconds; null without a response. */
  readonly latency: Readonly<Record<string, number>> | null;
  readonly histogram: readonly { readonly upToMs: number; readonly requests: number }[];
  /** CPU time of the client, in percent of one core: near 100 it limits the rate. */
  readonly clientCpuPercent: number;
  readonly verification: Verification;
}

export function reportOf(
  { orders, batch, concurrency }: StressOptions,
  { ids, failures, requests, latencies, tookMs, cpuMs }: Creations,
  verification: Verification,
  { run, interrupted }: Pick<StressReport, 'run' | 'interrupted'>,
): StressReport {
  const sorted = Float64Array.from(latencies).sort();
  return {
    run,
    orders,
    batch,
    concurrency,
    interrupted,
    succeeded: ids.size,
    failed: [...failures.values()].reduce((sum, count) => sum + count, 0),
    failures: Object.fromEntries(failures),
    requests,
    seconds: rounded(tookMs / 1_000, 3),
    ordersPerSecond: rounded((ids.size * 1_000) / tookMs, 1),
    latency: sorted.length === 0 ? null : percentilesOf(sorted),
    histogram: histogramOf(sorted),
    clientCpuPercent: rounded((100 * cpuMs) / tookMs, 0),
    verification,
  };
}

function percentilesOf(sorted: Float64Array): Record<string, number> {
  const at = (percent: number) => rounded(sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0, 2);
  const entries = PERCENTILES.map((percent) => [`p${percent}`, at(percent)] as const);
  return { ...Object.fromEntries(entries), max: at(100) };
}

/** Buckets from 1 ms, each twice as wide as the last, from the fastest to the slowest request. */
function histogramOf(sorted: Float64Array): StressReport['histogram'] {
  const buckets = new Map<number, number>();
  for (const latency of sorted) {
    const upToMs = 2 ** Math.max(0, Math.ceil(Math.log2(latency)));
    buckets.set(upToMs, (buckets.get(upToMs) ?? 0) + 1);
  }
  const bounds = [...buckets.keys()];
  const [first = 1, last = 1] = [bounds[0], bounds.at(-1)];
  const rows = [];
  for (let upToMs = first; upToMs <= last; upToMs *= 2) rows.push({ upToMs, requests: buckets.get(upToMs) ?? 0 });
  return sorted.length === 0 ? [] : rows;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The report as text for a terminal. */
export function formatReport(report: StressReport): string {
  const { orders, batch, concurrency, requests, seconds, latency, histogram, verification } = report;
  const { read, lost, different, doubled, unacknowledged } = verification;
  const rows: [string, string][] = [
    ['Succeeded', `${count(report.succeeded)} of ${count(orders)} orders, ${count(report.ordersPerSecond)} orders/s`],
    ['Failed', count(report.failed)],
    ...Object.entries(report.failures).map(([code, failed]): [string, string] => [`  ${code}`, count(failed)]),
    ['Duration', `${seconds} s, ${count(requests)} requests, ${concurrency} at a time, ${batch} orders in each`],
    ['Client', `${report.clientCpuPercent} % of a CPU core`],
    ...(latency === null ? [] : [['Latency', percentileText(latency)] satisfies [string, string]]),
  ];
  const checks: [string, string][] = [
    ['Read back', count(read)],
    ['Lost', listed(lost)],
    ['Different', listed(different)],
    ['Doubled', listed(doubled)],
    ['Stored, but failed', count(unacknowledged)],
  ];
  return [
    ...(report.interrupted ? ['Interrupted. The report covers the requests that were sent.'] : []),
    table(rows),
    ...(histogram.length === 0 ? [] : [bars(histogram)]),
    table(checks),
  ].join('\n\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percentileText(latency: Readonly<Record<string, number>>): string {
  const parts = Object.entries(latency).map(([name, ms]) => `${name} ${ms < 100 ? ms.toFixed(1) : ms.toFixed(0)}`);
  return `${parts.join(', ')} ms`;
}

const MOST_LISTED = 5;

function listed(keys: readonly string[]): string {
  if (keys.length === 0) return '0';
  return `${keys.length}: ${keys.slice(0, MOST_LISTED).join(', ')}${keys.length > MOST_LISTED ? ', …' : ''}`;
}

const BAR_WIDTH = 40;

function bars(histogram: StressReport['histogram']): string {
  const most = Math.max(...histogram.map(({ requests }) => requests));
  const rows = histogram.map(({ upToMs, requests }): [string, string] => [
    `≤ ${upToMs} ms`.padStart(10),
    `${'█'.repeat(Math.ceil((BAR_WIDTH * requests) / most)).padEnd(BAR_WIDTH)} ${requests.toLocaleString('en-US')}`,
  ]);
  return table(rows);
}
