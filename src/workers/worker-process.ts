import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { isMessage, type StopWorker, type WorkerReady } from './messages.js';

export interface WorkerProcess {
  readonly id: number;
  /** Resolves with the URL when the worker serves, or with null if it ends before. */
  readonly ready: Promise<string | null>;
  readonly ended: Promise<WorkerEnd>;
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

/** Starts a server process that shares the port of the others. */
export function startWorkerProcess(env: Readonly<Record<string, string>>): WorkerProcess {
  cluster.setupPrimary({ exec: ENTRY });
  const worker = cluster.fork(env);
  const ready = Promise.withResolvers<string | null>();
  let readyAt = Infinity;
  worker.on('message', (message: unknown) => {
    if (!isMessage<WorkerReady>(message, 'ready')) return;
    readyAt = performance.now();
    ready.resolve(message.url);
  });
  worker.on('error', () => undefined); // a message to a worker that has ended; its end is handled
  const ended = new Promise<WorkerEnd>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      ready.resolve(null);
      resolve({ code, signal, readyMs: Math.max(0, performance.now() - readyAt) });
    });
  });
  const stop: StopWorker = { kind: 'stop' };
  return {
    id: worker.id,
    ready: ready.promise,
    ended,
    stop: () => {
      if (worker.isConnected()) worker.send(stop);
    },
    kill: () => void worker.process.kill('SIGKILL'),
  };
}
