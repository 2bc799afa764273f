// The command line of `npm run bench`.
import { parseArgs } from 'node:util';
import { CELLS, type Cell } from './cells.ts';

const DEFAULT_BASELINES = ['token', 'postgraphile', 'ordinary', 'pgbench', 'echo'] as const;
export const BASELINES = [...DEFAULT_BASELINES, 'workers'] as const;
export type Baseline = (typeof BASELINES)[number];

export interface Options {
  readonly cells: readonly Cell[];
  readonly callers: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly baselines: readonly Baseline[];
  /** A commit of this repository to compare with. */
  readonly against: string | null;
  readonly report: string;
}

export const HELP = `npm run bench -- [OPTIONS]

Measures Ordergraph over HTTP, beside other servers in the same run. Needs wrk on the PATH.

  --quick            One round of 2 seconds with 50 callers; under three minutes with all baselines installed.
  --cells LIST       Cells to measure. Default: ${CELLS.join(',')}
  --callers LIST     Numbers of connections. Default: 4,50,500
  --rounds N         Rounds. The tables show the run with the median rate. Default: 3
  --seconds N        Seconds of each run. Default: 5
  --baselines LIST   Servers to compare with, or none. Default: ${DEFAULT_BASELINES.join(',')}
                     workers is this server with two worker processes.
  --against COMMIT   Also measures the server of another commit of this repository.
  --report FILE      Where the HTML report is written. Default: bench-report.html
  --help             Prints this text.

The exit status is 0 if every cell was measured, whatever its rate.`;

/** @returns null where the help was requested */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      cells: { type: 'string', default: CELLS.join(',') },
      callers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      baselines: { type: 'string', default: DEFAULT_BASELINES.join(',') },
      against: { type: 'string' },
      report: { type: 'string', default: 'bench-report.html' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { quick } = values;
  return {
    cells: choices('cells', values.cells, CELLS),
    callers: (values.callers ?? (quick ? '50' : '4,50,500')).split(',').map((text) => whole('callers', text)),
    rounds: whole('rounds', values.rounds ?? (quick ? '1' : '3')),
    seconds: whole('seconds', values.seconds ?? (quick ? '2' : '5')),
    warmUpSeconds: quick ? 1 : 2,
    baselines: values.baselines === 'none' ? [] : choices('baselines', values.baselines, BASELINES),
    against: values.against ?? null,
    report: values.report,
  };
}

function choices<T extends string>(option: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found === undefined) throw new Error(`--${option} must be a list of ${known.join(', ')}; it is "${text}".`);
    return found;
  });
}

function whole(option: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`--${option} must be a whole number from 1 to 9999; it is "${text}".`);
}
