// The tables that a run prints.
import { CELL_TITLES, type Cell, type Sample } from './cells.ts';
import type { Results } from './results.ts';
import { targetOf } from './targets.ts';

/** Rates, CPU and latency of every cell. */
export function rateTable(results: Results): string {
  const rows = results.callers.flatMap((callers) =>
    results.cells.flatMap((cell) =>
      results.contestants.flatMap((contestant) => {
        const sample = results.of(contestant, cell, callers);
        return sample === null ? [] : [[CELL_TITLES[cell], String(callers), contestant, ...figures(sample)]];
      }),
    ),
  );
  const cpu = ['server', 'database', 'generator'];
  const header = ['cell', 'callers', 'contestant', 'answers/s', ...cpu, 'p50', 'p90', 'p99', 'max'];
  const failures = results.callers.flatMap((callers) =>
    results.cells.flatMap((cell) =>
      results.contestants.flatMap((contestant) => {
        const failure = results.of(contestant, cell, callers)?.failure ?? null;
        return failure === null ? [] : [`FAILED ${contestant}, ${cell}, ${callers} callers: ${failure}`];
      }),
    ),
  );
  return ['CPU of server, database and load generator in ms an answer, latency in ms.', '']
    .concat(layout([header, ...rows], 3), failures.length > 0 ? ['', ...failures] : [])
    .join('\n');
}

const ORDERS_PER_CORE = 3_000;

/** How many orders the server creates for each second of CPU that it and its database use. */
export function ordersPerCore(results: Results): string | null {
  const [ours = ''] = results.contestants;
  const texts = results.callers.flatMap((callers) => {
    const sample = results.of(ours, 'create', callers);
    if (sample === null || sample.failure !== null) return [];
    return [`${(1000 / (sample.cpu.server + sample.cpu.database)).toFixed(0)} with ${callers} callers`];
  });
  if (texts.length === 0) return null;
  return `Orders created for each CPU second of server and database: ${texts.join(', ')} (target ${ORDERS_PER_CORE}).`;
}

/** Rates of Ordergraph by those of each other contestant, with the targets beside them. */
export function ratioTable(results: Results): string {
  const [ours = '', ...others] = results.contestants;
  const header = [`${ours} by`, 'callers', ...results.cells.map((cell) => CELL_TITLES[cell])];
  const rows = others.flatMap((other) =>
    results.callers.map((callers) => {
      return [other, String(callers), ...results.cells.map((cell) => ratioText(results, other, cell, callers))];
    }),
  );
  return layout([header, ...rows], 2).join('\n');
}

/** Such as `2.3 (target 2.5)`. */
export function ratioText(results: Results, other: string, cell: Cell, callers: number): string {
  const ratio = results.ratio(other, cell, callers);
  if (ratio === null) return '–';
  const target = targetOf(other, cell, callers);
  return ratio.toFixed(2) + (target === null ? '' : ` (target ${target})`);
}

function figures({ rate, cpu, latency, failure }: Sample): string[] {
  const at = (percentile: number) => ms(latency.find(([each]) => each === percentile)?.[1]);
  const shown = failure === null ? rate.toFixed(0) : 'FAILED';
  return [shown, ms(cpu.server), ms(cpu.database), ms(cpu.generator), ...[50, 90, 99, 100].map(at)];
}

export function ms(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

/** @param texts how many columns are aligned left */
export function layout(rows: readonly (readonly string[])[], texts: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, column) => (column < texts ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
