// Runs the cells in turns, so that a slow moment of the machine affects all contestants.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOfEndedChildren, cpuOfFamily } from '../measure.ts';
import type { Cell, Contestant, Cpu, Load, PreparedCell, Sample } from './cells.ts';
import type { Options } from './options.ts';

interface Bench {
  readonly options: Pick<Options, 'cells' | 'callers' | 'rounds' | 'seconds' | 'warmUpSeconds'>;
  readonly contestants: readonly Contestant[];
  /** Process id of PostgreSQL. */
  readonly postmaster: number;
  readonly signal: AbortSignal;
  /** Called before each run. */
  readonly onProgress: (done: number, of: number, what: string) => void;
}

/** @returns the samples of all rounds, without those that warm up */
export async function measureRounds({
  options,
  contestants,
  postmaster,
  signal,
  onProgress,
}: Bench): Promise<Sample[]> {
  const { cells, callers, rounds, seconds, warmUpSeconds } = options;
  const warmUp = { callers: [Math.min(50, Math.max(...callers))], seconds: warmUpSeconds, isMeasured: false };
  const measured = { callers, seconds, isMeasured: true };
  const plan = [warmUp, ...Array.from({ length: rounds }, () => measured)].flatMap((round) =>
    cells.flatMap((cell) =>
      round.callers.flatMap((count) =>
        contestants.map((contestant) => ({
          contestant,
          cell,
          load: { callers: count, seconds: round.seconds },
          round,
        })),
      ),
    ),
  );
  const samples: Sample[] = [];
  for (const [index, { contestant, cell, load, round }] of plan.entries()) {
    signal.throwIfAborted();
    const what = round.isMeasured ? `${cell}, ${load.callers} callers` : `${cell}, warm-up`;
    onProgress(index, plan.length, `${contestant.name}: ${what}`);
    const prepared = await contestant.prepare(cell, load);
    if (prepared === null) continue;
    await settle([postmaster, ...contestants.flatMap(({ pid }) => pid ?? [])]);
    const sample = await measure(contestant, cell, load, prepared, postmaster);
    if (round.isMeasured) samples.push(sample);
  }
  onProgress(plan.length, plan.length, 'done');
  return samples;
}

async function measure(
  { name, pid }: Contestant,
  cell: Cell,
  load: Load,
  prepared: PreparedCell,
  postmaster: number,
): Promise<Sample> {
  const read = (): Cpu => ({
    server: pid === null ? 0 : cpuOfFamily(pid),
    database: cpuOfFamily(postmaster),
    generator: cpuOfEndedChildren(),
  });
  const before = read();
  const run = await prepared.run();
  const after = read();
  const each = (of: keyof Cpu) => (1000 * (after[of] - before[of])) / run.answers;
  const failure = run.failures > 0 ? `${run.failures} failures, such as: ${run.firstFailure}` : null;
  return {
    contestant: name,
    cell,
    callers: load.callers,
    rate: run.answers / run.seconds,
    cpu: { server: each('server'), database: each('database'), generator: each('generator') },
    latency: run.latency,
    failure: failure ?? (run.answers === 0 ? 'no answers' : await prepared.verify(run)),
  };
}

const SETTLE_STEP_MS = 100;
const SETTLE_STEPS = 50;

/** Waits until the servers and the database have finished the work of earlier runs, for a few seconds at most. */
async function settle(pids: readonly number[]): Promise<void> {
  const read = () => pids.reduce((sum, pid) => sum + cpuOfFamily(pid), 0);
  let before = read();
  for (let step = 0; step < SETTLE_STEPS; step += 1) {
    await sleep(SETTLE_STEP_MS);
    const now = read();
    if (now - before < 0.03) return;
    before = now;
  }
}
