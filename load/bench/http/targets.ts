// The ratios of rates that Ordergraph is meant to reach.
import type { Cell } from './cells.ts';

type Targets = Readonly<Partial<Record<Cell, number>>>;

/** By contestant and number of callers. A commit is named `against`. */
const TARGETS: Readonly<Record<string, Readonly<Record<number, Targets>>>> = {
  postgraphile: {
    4: { create: 1, get: 1.1, list: 1.1, pages: 1.1, status: 1 },
    50: { create: 2.5, get: 2.2, list: 2, pages: 1.6, status: 1.9 },
  },
  ordinary: { 50: { create: 8, get: 4.5, list: 5, pages: 4, status: 7 } },
  pgbench: { 50: { create: 0.65, status: 0.55 } },
  against: { 50: { create: 2.3, get: 1.8, list: 3.2, pages: 3, status: 2.3 } },
};

export function targetOf(contestant: string, cell: Cell, callers: number): number | null {
  return TARGETS[contestant]?.[callers]?.[cell] ?? null;
}
