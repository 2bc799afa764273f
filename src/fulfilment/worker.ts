import { setTimeout as sleep } from 'node:timers/promises';
import { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';
import { MAX_ATTEMPT_MS, STEPS_QUEUE, SUPERVISED, WARNING_QUEUE_SIZE, type QueuedStep } from './job-queue.js';
import { createPacing } from './pacing.js';
import { runStep, type StepDependencies } from './run-step.js';

export interface FulfilmentWorkerOptions extends Omit<StepDependencies, 'onFailure' | 'queue'> {
  /** The database with the queue. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** How long a shutdown waits for attempts in progress. Those that take longer are returned to the queue. */
  readonly graceMs: number;
  readonly log: Logger;
}

export interface FulfilmentWorker {
  /** Stops taking jobs, and finishes or returns those in progress. All calls share one attempt. */
  close(): Promise<void>;
}

/** Connections for jobs, besides those for orders: a slow queue must not use up the latter. */
const POOL_SIZE = 3;
/** Maximum duration of a statement. Without a response until then, the connection is closed. */
const STATEMENT_TIMEOUT_MS = 20_000;
const POLL_SECONDS = 0.5;
/** A third of the time after which a job is given to another worker. */
const HEARTBEAT_REFRESH_SECONDS = 4;
/** How long aborted attempts may take to end. */
const ABORT_MS = 2_000;

const WARNING_PAUSE_MS = 60_000;

/** Logs each kind of warning at most once a minute: the queue repeats them every few seconds. Their data hold statements. */
export function createWarnings(log: Logger): (warning: { readonly message: string }) => void {
  const loggedAt = new Map<string, number>();
  return ({ message }) => {
    const isBacklog = message.startsWith('Warning: large queue backlog'); // a queue name and a number follow
    const text = isBacklog ? BACKLOG : `fulfilment: the job queue warns: ${message}`;
    const now = performance.now();
    if (now - (loggedAt.get(text) ?? Number.NEGATIVE_INFINITY) < WARNING_PAUSE_MS) return;
    loggedAt.set(text, now);
    log.warn(text);
  };
}

const BACKLOG = `fulfilment: more than ${WARNING_QUEUE_SIZE} steps or dead letters are queued: npm run cli -- fulfilment`;

/** Takes due jobs in batches. Several processes share the jobs; each job has one worker at a time. */
export async function startFulfilmentWorker({
  url,
  connectTimeoutMs,
  graceMs,
  log,
  ...steps
}: FulfilmentWorkerOptions): Promise<FulfilmentWorker> {
  if (steps.handler.timeoutMs > MAX_ATTEMPT_MS) throw new Error(`timeoutMs must be at most ${MAX_ATTEMPT_MS}.`);
  const pool = {
    connectionString: url,
    application_name: 'ordergraph-fulfilment',
    max: POOL_SIZE,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  };
  const boss = new PgBoss({ ...SUPERVISED, ...pool });
  const queueFailures = createFailureLog(log);
  const stepFailures = createFailureLog(log);
  boss.on('error', (cause) => queueFailures.failed(cause, 'fulfilment: the job queue failed; retrying'));
  boss.on('warning', createWarnings(log));
  await boss.start();

  const closing = new AbortController();
  const stopping = new AbortController();
  const pacing = createPacing(closing.signal);
  const { batchSize, batches } = steps.handler;
  const onFailure = (cause: Error, message: string) => stepFailures.failed(cause, message);
  const queue = (step: QueuedStep) => boss.insert(STEPS_QUEUE, [step]);
  const dependencies = { ...steps, onFailure, queue };
  await boss.work(
    STEPS_QUEUE,
    {
      batchSize,
      localConcurrency: batches,
      pollingIntervalSeconds: POLL_SECONDS,
      burstWhenBatchFull: true,
      heartbeatRefreshSeconds: HEARTBEAT_REFRESH_SECONDS,
      perJobResults: true,
    },
    async (jobs: Parameters<typeof runStep>[0][]) => {
      queueFailures.worked('fulfilment: the job queue works again');
      return pacing.run(() => Promise.all(jobs.map((job) => runStep(job, dependencies, stopping.signal))));
    },
  );
  async function close(): Promise<void> {
    closing.abort();
    const idle = boss.offWork(STEPS_QUEUE, { wait: true }).then(() => true);
    if (!(await Promise.race([idle, sleep(graceMs, false, { ref: false })]))) {
      stopping.abort(new Error('The server was stopped.'));
      await Promise.race([idle, sleep(ABORT_MS, false, { ref: false })]);
    }
    await boss.stop({ graceful: false });
  }

  let closed: Promise<void> | null = null;
  return { close: () => (closed ??= close()) };
}
