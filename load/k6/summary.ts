// The end of a run as a short table. SUMMARY_JSON=FILE also writes all metrics of k6 as JSON.

interface Metric {
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface Summary {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly state: { readonly testRunDurationMs: number };
  readonly root_group: { readonly checks: readonly { readonly name: string; readonly fails: number }[] };
}

/** A row of the table: a trend of durations. */
export interface Row {
  readonly name: string;
  readonly metric: string;
  /** The time in which its values were collected. */
  readonly seconds: number;
}

export const TREND_STATISTICS = ['count', 'med', 'p(95)', 'p(99)', 'max'];

/** A threshold that always holds. k6 keeps the values of a tag only for thresholds. */
export const SHOWN = ['max>=0'];

export function valueOf({ metrics }: Summary, metric: string, value: string): number {
  return metrics[metric]?.values[value] ?? 0;
}

/** @returns the files of `handleSummary` */
export function report(summary: Summary, title: string, rows: readonly Row[], notes: readonly string[] = []) {
  const table = rows.map(({ name, metric, seconds }) => {
    const count = valueOf(summary, metric, 'count');
    const durations = TREND_STATISTICS.slice(1).map((each) => `${valueOf(summary, metric, each).toFixed(1)} ms`);
    return [name, String(count), (count / seconds).toFixed(1), ...durations];
  });
  const head = ['', 'answers', 'a second', 'median', '95 %', '99 %', 'max'];
  const lines = [title, ...(rows.length === 0 ? [] : aligned([head, ...table])), ...outcome(summary), ...notes];
  const stdout = `\n${[...lines, ...failures(summary)].join('\n')}\n`;
  const file = __ENV['SUMMARY_JSON'];
  return file ? { stdout, [file]: JSON.stringify(summary, null, 2) } : { stdout };
}

/** Lines of columns of equal width, the first one to the left. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0;
    return column === 0 ? text.padEnd(width) : text.padStart(width);
  };
  return rows.map((row) => `  ${row.map(cell).join('  ')}`);
}

function outcome(summary: Summary): string[] {
  if (summary.metrics['failed'] === undefined) return [];
  const [failed, rejected] = ['failed', 'rejected'].map((name) => {
    const percent = 100 * valueOf(summary, name, 'rate');
    return `${valueOf(summary, name, 'passes')} ${name} (${percent.toFixed(2)} %)`;
  });
  const dropped = valueOf(summary, 'dropped_iterations', 'count');
  const unsent = dropped === 0 ? '' : `; ${dropped} not sent, because no virtual user was free`;
  return [`  ${failed}, ${rejected} as overloaded${unsent}`];
}

/** The failed answers by reason, and the failed thresholds. */
function failures({ metrics, root_group: root }: Summary): string[] {
  const reasons = root.checks.filter(({ fails }) => fails > 0).map(({ name, fails }) => `  FAILED ${fails}×  ${name}`);
  const crossed = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([rule, { ok }]) => (ok ? [] : [`${name}: ${rule}`])),
  );
  return [...reasons, crossed.length === 0 ? 'All thresholds hold.' : `Failed thresholds: ${crossed.join('; ')}`];
}
