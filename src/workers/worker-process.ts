import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ProcessMetrics, ToWorker } from './messages.js';
import { createPendingRequests } from './pending-requests.js';

export interface WorkerProcess {
  readonly id: number;
  /** Resolves with the URL when the worker serves, or with null if it ends earlier. */
  readonly ready: Promise<string | null>;
  readonly ended: Promise<WorkerEnd>;
  /** Null if the worker does not respond in time. */
  readMetrics(): Promise<ProcessMetrics | null>;
  /** Lets the worker finish its requests and end. */
  stop(): void;
  kill(): void;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** How long the worker was ready, in milliseconds. */
  readonly readyMs: number;
}

const ENTRY = fileURLToPath(new URL('worker.js', import.meta.url));
/** A worker that hangs delays the metrics of the others by at most this time. */
const METRICS_TIMEOUT_MS = 1_000;

/**
 * Starts a server process that shares the port of the others.
 *
 * @param readAllMetrics reads the metrics of all workers, for a scrape of this worker
 */
export function startWorkerProcess(
  env: Readonly<Record<string, string>>,
  readAllMetrics: () => Promise<string>,
): WorkerProcess {
  cluster.setupPrimary({ exec: ENTRY });
  const worker = cluster.fork(env);
  const ready = Promise.withResolvers<string | null>();
  const readings = createPendingRequests<ProcessMetrics>(METRICS_TIMEOUT_MS);
  let readyAt = Infinity;

  function send(message: ToWorker): void {
    if (worker.isConnected()) worker.send(message);
  }

  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') {
      readyAt = performance.now();
      ready.resolve(message.url);
    } else if (message.kind === 'metrics') readings.settle(message.request, message.metrics);
    else {
      const { request } = message;
      void readAllMetrics().then((text) => send({ kind: 'all-metrics', request, text }));
    }
  });
  worker.on('error', () => undefined); // a message to a worker that has ended; its end is handled
  const ended = new Promise<WorkerEnd>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      ready.resolve(null);
      resolve({ code, signal, readyMs: Math.max(0, performance.now() - readyAt) });
    });
  });
  return {
    id: worker.id,
    ready: ready.promise,
    ended,
    readMetrics: () => readings.start((request) => send({ kind: 'read-metrics', request })),
    stop: () => send({ kind: 'stop' }),
    kill: () => void worker.process.kill('SIGKILL'),
  };
}
