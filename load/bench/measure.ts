// Rates, medians and CPU time of operations. No test depends on these timings.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds of a process and its children, ended ones included. NaN on systems other than Linux. */
export function cpuOfFamily(pid: number): number {
  try {
    const stats = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(name) ?? []);
    const family = stats.filter((stat) => stat.pid === pid || stat.parent === pid);
    return family.reduce((sum, stat) => sum + stat.own + (stat.pid === pid ? stat.reaped : 0), 0) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** CPU seconds of the ended children of this process. NaN on systems other than Linux. */
export function cpuOfEndedChildren(): number {
  return (statOf('self')?.reaped ?? Number.NaN) / TICKS_PER_SECOND;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** CPU ticks of the process. */
  readonly own: number;
  /** CPU ticks of its ended children. */
  readonly reaped: number;
}

function statOf(pid: string): ProcessStat | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const at = (index: number) => Number(fields[index - 3]); // numbered as in proc(5)
    return { pid: Number(pid), parent: at(4), own: at(14) + at(15), reaped: at(16) + at(17) };
  } catch {
    return null; // it has ended meanwhile
  }
}

type Operation = (index: number) => Promise<unknown>;

export interface Load {
  /** Operations at a time. */
  readonly callers: number;
  readonly seconds: number;
  /** Process id of PostgreSQL. */
  readonly postmaster: number;
}

interface Measured {
  /** Operations a second. */
  readonly rate: number;
  /** CPU milliseconds of this process for each operation. */
  readonly cpu: number;
  /** CPU milliseconds of the database for each operation. */
  readonly database: number;
}

/** Runs `operation(index)` under a load. */
async function round(operation: Operation, { callers, seconds, postmaster }: Load): Promise<Measured> {
  const before = { cpu: process.cpuUsage(), database: cpuOfFamily(postmaster), at: performance.now() };
  const until = before.at + seconds * 1000;
  let done = 0;
  const call = async () => {
    while (performance.now() < until) {
      const mine = done;
      done += 1;
      await operation(mine);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const { user, system } = process.cpuUsage(before.cpu);
  return {
    rate: done / ((performance.now() - before.at) / 1000),
    cpu: (user + system) / 1000 / done,
    database: ((cpuOfFamily(postmaster) - before.database) * 1000) / done,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const ROUNDS = 5;

/** Measures the variants in turn, so that a slow moment of the machine affects them all, and prints the medians. */
export async function compare(title: string, variants: Readonly<Record<string, Operation>>, load: Load): Promise<void> {
  const results = new Map(Object.keys(variants).map((name): [string, Measured[]] => [name, []]));
  for (let index = 0; index <= ROUNDS; index += 1) {
    for (const [name, operation] of Object.entries(variants)) {
      const measured = await round(operation, load);
      if (index > 0) results.get(name)?.push(measured); // the first round warms up
    }
  }
  console.log(`\n${title} (${load.callers} callers, median of ${ROUNDS} rounds of ${load.seconds} s)`);
  const base = median([...results.values()][0]?.map((each) => each.rate) ?? []);
  for (const [name, measured] of results) {
    const of = (key: keyof Measured) => median(measured.map((each) => each[key]));
    const ratio = (of('rate') / base).toFixed(2);
    console.log(
      `  ${name.padEnd(34)} ${of('rate').toFixed(0).padStart(7)} /s  ×${ratio.padStart(5)}   CPU a piece: process ${of('cpu').toFixed(3)} ms, database ${of('database').toFixed(3)} ms`,
    );
  }
}
