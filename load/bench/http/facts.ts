// What a reader of the figures must know about the run.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import type { Options } from './options.ts';
import { SEEDED_ORDERS } from './orders.ts';

export function factsOf(options: Options): readonly string[] {
  const { rounds, seconds, against } = options;
  const wrk = /wrk (\S+)/.exec(spawnSync('wrk', ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? '';
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`;
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${machine}, Node.js ${process.version}, wrk ${wrk} with one thread.`,
    `${SEEDED_ORDERS.toLocaleString('en')} orders before the run. Runs of ${seconds} s in turns; of ${rounds} each, the one with the median rate is shown.`,
    ...(against === null ? [] : [`"against" is the commit ${against}.`]),
  ];
}
