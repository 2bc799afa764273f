// PollLoop, medians and CPU per operation. Timings are for people; no test is decided by them.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds that a process and its children, the ended ones too, have used; Linux only, else NaN. */
function cpuOfFamily(pid) {
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

function statOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const at = (index) => Number(fields[index - 3]); // numbered as in proc(5)
    return { pid: Number(pid), parent: at(4), own: at(14) + at(15), reaped: at(16) + at(17) };
  } catch {
    return null; // it has ended since
  }
}

/**
 * Runs `operation(index)` by so many callers at once for so long.
 * @returns operations a second, and CPU milliseconds of this process and of the database for each
 */
async function round({ operation, callers, seconds, postmaster }) {
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

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Measures the variants by turns, so that a slow moment of the machine meets them all, and prints the medians. */
export async function compare(title, variants, { rounds = 5, ...settings }) {
  const results = new Map(Object.keys(variants).map((name) => [name, []]));
  for (let index = 0; index <= rounds; index += 1) {
    for (const [name, operation] of Object.entries(variants)) {
      const measured = await round({ ...settings, operation });
      if (index > 0) results.get(name).push(measured); // the first round warms up
    }
  }
  console.log(`\n${title} (${settings.callers} callers, median of ${rounds} rounds of ${settings.seconds} s)`);
  const base = median([...results.values()][0].map((each) => each.rate));
  for (const [name, measured] of results) {
    const of = (key) => median(measured.map((each) => each[key]));
    const ratio = (of('rate') / base).toFixed(2);
    console.log(
      `  ${name.padEnd(34)} ${of('rate').toFixed(0).padStart(7)} /s  ×${ratio.padStart(5)}   CPU a piece: process ${of('cpu').toFixed(3)} ms, database ${of('database').toFixed(3)} ms`,
    );
  }
}
