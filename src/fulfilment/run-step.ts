import type { Job, JobResult } from 'pg-boss';
import type { Rejection } from '../domain/errors.js';
import type { Viewer } from '../domain/viewer.js';
import { toError } from '../domain/to-error.js';
import { advanceOrder } from '../orders/advance-order.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { FulfilmentHandler, OrderToFulfil, StepResult } from '../orders/interfaces/fulfilment-handler.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';
import { measure, type Span, type Tracer } from '../observability/span.js';
import { idempotencyKeyOf, queuedStep, STEPS_QUEUE, type QueuedStep, type StepJob } from './job-queue.js';

/** Fulfilment may change every order. Its changes have an actor of their own. */
const VIEWER: Viewer = { issuer: '', subject: null, roles: ['admin'] };

const MAX_REASON_LENGTH = 500;
const WRITE_TIMEOUT_MS = 10_000;
const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 86_400_000;

/** What is stored with a failed job. */
export interface StoredReason {
  readonly reason: string;
}

export interface StepDependencies {
  readonly handler: FulfilmentHandler;
  readonly orders: Pick<OrderDependencies, 'writer' | 'readerFor'>;
  /** Queues a step. */
  readonly queue: (step: QueuedStep) => Promise<unknown>;
  readonly onFailure: (cause: Error, message: string) => void;
  /** Null without traces. */
  readonly tracer: Tracer | null;
}

/**
 * Makes one attempt of a step. Never rejects: a failure is the result of its job, which is retried.
 *
 * @param stopping aborts at shutdown
 */
export async function runStep(
  job: Job<StepJob>,
  dependencies: StepDependencies,
  stopping: AbortSignal,
): Promise<JobResult> {
  const { tracer } = dependencies;
  if (tracer === null) return attempt(job, dependencies, stopping, null);
  return measure(startSpan(tracer, job), async (span) => {
    const result = await attempt(job, dependencies, stopping, span.isSampled ? span.traceparent : null);
    if (result.status !== 'completed') span.fail(result.status);
    return result;
  });
}

/** A link and not a child: the step can be made long after the request that caused it. */
function startSpan(tracer: Tracer, { data, retryCount }: Job<StepJob>): Span {
  const { traceparent = null } = data;
  return tracer.start(`process ${STEPS_QUEUE}`, {
    kind: 'consumer',
    links: traceparent === null ? [] : [traceparent],
    attributes: {
      'messaging.system': 'pg-boss',
      'messaging.destination.name': STEPS_QUEUE,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'ordergraph.order.status': data.status,
      'ordergraph.attempt': retryCount + 1,
    },
  });
}

/** @param traceparent trace context of the attempt, with which its events are stored */
async function attempt(
  { id, data, retryCount, signal: claim }: Job<StepJob>,
  dependencies: StepDependencies,
  stopping: AbortSignal,
  traceparent: string | null,
): Promise<JobResult> {
  const { handler, orders, onFailure } = dependencies;
  const ending = AbortSignal.any([claim, stopping]);
  const signal = AbortSignal.any([ending, AbortSignal.timeout(handler.timeoutMs)]);
  try {
    const work = handler.advance({
      orderId: data.orderId,
      status: data.status,
      idempotencyKey: idempotencyKeyOf(data),
      attempt: retryCount + 1,
      signal,
      readOrder: () => readOrder(orders, data, callerFor(handler.timeoutMs, signal, traceparent)),
    });
    const result = await unlessAborted(work, signal);
    const problem = await apply(result, data, dependencies, callerFor(WRITE_TIMEOUT_MS, ending, traceparent));
    if (problem === null) return { id, status: 'completed' };
    onFailure(new Error(problem), 'fulfilment: a step was given up; see "npm run cli -- fulfilment list"');
    return { id, status: 'deadletter', output: reasonOf(problem) };
  } catch (thrown) {
    const cause = toError(thrown);
    onFailure(cause, 'fulfilment: an attempt of a step failed; it is retried');
    return { id, status: 'failed', output: reasonOf(cause.message) };
  }
}

function callerFor(timeoutMs: number, signal: AbortSignal, traceparent: string | null): Caller {
  return { viewer: VIEWER, deadline: performance.now() + timeoutMs, signal, traceparent };
}

async function readOrder(
  { readerFor }: Pick<OrderDependencies, 'readerFor'>,
  { orderId, status }: StepJob,
  caller: Caller,
): Promise<OrderToFulfil | null> {
  const reader = readerFor(caller);
  const [order, items] = await Promise.all([reader.order(orderId), reader.items(orderId)]);
  return order === null || order.status !== status ? null : { ...order, items };
}

/** A handler that ignores its signal must not block the batch. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** @returns why the step cannot succeed; null if it is done */
async function apply(
  result: StepResult,
  { orderId, status: from, waits, traceparent = null }: StepJob,
  { orders, queue }: StepDependencies,
  caller: Caller,
): Promise<string | null> {
  switch (result.kind) {
    case 'wait': {
      const forMs = Math.min(Math.max(result.forMs, MIN_WAIT_MS), MAX_WAIT_MS);
      await queue(queuedStep({ orderId, status: from, waits: waits + 1, traceparent }, forMs / 1_000));
      return null;
    }
    case 'leave':
      return null;
    case 'give-up':
      return result.reason;
    case 'advance': {
      const { to, reason, tracking } = result;
      return problemOf(await advanceOrder(orders, { orderId, from, to, reason, tracking }, caller));
    }
  }
}

function problemOf(rejection: Rejection | null): string | null {
  switch (rejection?.code) {
    case undefined:
    case 'ORDER_DELETED':
      return null;
    case 'INVALID_TRANSITION':
      return `An order in ${rejection.order.status} cannot become ${rejection.to}.`;
    case 'INVALID_INPUT': {
      const isMissing = rejection.problems.every(({ code }) => code === 'NOT_FOUND');
      return isMissing ? null : rejection.problems.map(({ message }) => message).join(' ');
    }
    case 'IDEMPOTENCY_MISMATCH':
    case 'VERSION_CONFLICT':
      return `The change was rejected: ${rejection.code}.`;
  }
}

function reasonOf(reason: string): StoredReason {
  return { reason: reason.slice(0, MAX_REASON_LENGTH) };
}
