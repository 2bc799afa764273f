// Medians of the samples, and their ratios.
import type { Cell, Sample } from './cells.ts';

export interface Results {
  /** In the order of the contestants, without those that have no sample. */
  readonly contestants: readonly string[];
  readonly cells: readonly Cell[];
  readonly callers: readonly number[];
  /** The sample with the median rate; a failed one where any has failed. */
  of(contestant: string, cell: Cell, callers: number): Sample | null;
  /** Rate of the first contestant by that of another; null where one of them is missing or has failed. */
  ratio(other: string, cell: Cell, callers: number): number | null;
}

export function summarize(samples: readonly Sample[]): Results {
  const groups = Map.groupBy(samples, ({ contestant, cell, callers }) => keyOf(contestant, cell, callers));
  const contestants = unique(samples.map(({ contestant }) => contestant));
  const of = (contestant: string, cell: Cell, callers: number) =>
    medianSample(groups.get(keyOf(contestant, cell, callers)) ?? []);
  return {
    contestants,
    cells: unique(samples.map(({ cell }) => cell)),
    callers: unique(samples.map(({ callers }) => callers)),
    of,
    ratio(other, cell, callers) {
      const [ours, theirs] = [contestants[0] ?? '', other].map((name) => of(name, cell, callers));
      if (ours === undefined || theirs === undefined || ours === null || theirs === null) return null;
      return ours.failure === null && theirs.failure === null ? ours.rate / theirs.rate : null;
    },
  };
}

function keyOf(contestant: string, cell: Cell, callers: number): string {
  return `${contestant} ${cell} ${callers}`;
}

function medianSample(samples: readonly Sample[]): Sample | null {
  const failed = samples.find(({ failure }) => failure !== null);
  const sorted = samples.toSorted((a, b) => a.rate - b.rate);
  return failed ?? sorted[Math.floor(sorted.length / 2)] ?? null;
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
