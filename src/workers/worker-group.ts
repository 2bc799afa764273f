import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StartupError } from '../startup-error.js';
import { createGroupMetrics } from './group-metrics.js';
import { createRestartPolicy, MAX_CRASHES } from './restart-policy.js';
import { startWorkerProcess, type WorkerEnd, type WorkerProcess } from './worker-process.js';

export interface WorkerGroupOptions {
  readonly count: number;
  /** Variables that differ from those of the supervisor. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLost: (reason: string) => void;
  readonly log: Logger;
}

export interface WorkerGroup {
  /**
   * Starts the workers. The first one is started alone, so that a cause that prevents a start is reported once.
   *
   * @returns the URL that all serve
   * @throws StartupError if a worker does not start
   */
  start(): Promise<string>;
  /** Lets all workers finish their requests and end. */
  close(): Promise<void>;
}

/** Server processes on one port. A worker that ends is replaced, with a growing delay if it crashes repeatedly. */
export function createWorkerGroup({ count, env, onLost, log }: WorkerGroupOptions): WorkerGroup {
  const policy = createRestartPolicy();
  const running = new Set<WorkerProcess>();
  const serving = new Set<WorkerProcess>();
  const metrics = createGroupMetrics(() => serving.size);
  const closing = new AbortController();
  const kept: Promise<void>[] = [];

  function startWorker(): WorkerProcess {
    const worker = startWorkerProcess(env, readMetrics);
    running.add(worker);
    void worker.ready.then((url) => url !== null && serving.add(worker));
    void worker.ended.then(() => running.delete(worker) && serving.delete(worker));
    return worker;
  }

  async function readMetrics(): Promise<string> {
    const all = await Promise.all([...serving].map((worker) => worker.readMetrics()));
    return metrics.merge(all.filter((each) => each !== null));
  }

  async function startFirst(): Promise<string> {
    const worker = startWorker();
    const url = await worker.ready;
    if (url === null) throw new StartupError('A worker did not start.'); // it has printed the reason
    kept.push(keep(worker));
    return url;
  }

  /** Replaces the worker whenever it ends, until the group closes or there are too many crashes. */
  async function keep(first: WorkerProcess): Promise<void> {
    for (let worker = first; ; worker = replace()) {
      const end = await worker.ended;
      if (closing.signal.aborted) return;
      const delayMs = delayAfter(worker, end);
      if (delayMs === null) return onLost(`Workers crashed ${MAX_CRASHES} times in a row.`);
      await sleep(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
    }
  }

  function replace(): WorkerProcess {
    const worker = startWorker();
    void worker.ready.then((url) => url === null || log.info({ worker: worker.id }, 'a new worker serves'));
    return worker;
  }

  function delayAfter({ id }: WorkerProcess, { code, signal, readyMs }: WorkerEnd): number | null {
    if (code === 0) {
      log.info({ worker: id }, 'a worker was stopped; another one starts');
      return 0;
    }
    metrics.crashed();
    const delayMs = policy.delayAfterCrash(readyMs);
    log.error({ worker: id, code, signal, delayMs }, 'a worker crashed');
    return delayMs;
  }

  // The workers must not keep the port when the supervisor exits early.
  const killAll = () => running.forEach((worker) => worker.kill());
  process.once('exit', killAll);

  return {
    async start() {
      const url = await startFirst();
      await Promise.all(Array.from({ length: count - 1 }, startFirst));
      return url;
    },
    async close() {
      closing.abort();
      for (const worker of running) worker.stop();
      await Promise.all([...running].map(({ ended }) => ended));
      await Promise.all(kept);
      process.off('exit', killAll);
    },
  };
}
