import type { GraphQLClient } from '../graphql-client.js';
import { plannedOrder, type StressRun } from './planned-orders.js';

export interface Creations {
  /** The id of each created order, by the number of the order. */
  readonly ids: ReadonlyMap<number, string>;
  /** The number of orders that failed, by code. */
  readonly failures: ReadonlyMap<string, number>;
  readonly requests: number;
  /** Of all requests with a response, in milliseconds. */
  readonly latencies: readonly number[];
  readonly tookMs: number;
  /** CPU time of this process, in milliseconds. */
  readonly cpuMs: number;
}

export interface CreationOptions {
  readonly orders: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Ends the creations early. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

const PAYLOAD = 'order { id } replayed userErrors { code }';
const CREATE_ONE = `mutation StressTest($input: CreateOrderInput!) { createOrder(input: $input) { ${PAYLOAD} } }`;
const CREATE_MANY = `mutation StressTest($input: CreateOrdersInput!) {
  createOrders(input: $input) { results { ${PAYLOAD} } userErrors { code } }
}`;

/** Creates the orders of a run, `concurrency` requests at a time. A failed request is not repeated. */
export async function createOrders(
  client: GraphQLClient,
  run: StressRun,
  options: CreationOptions,
): Promise<Creations> {
  const { orders, batch, concurrency, timeoutMs, onProgress } = options;
  const ids = new Map<number, string>();
  const failures = new Map<string, number>();
  const latencies: number[] = [];
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([timeout, options.signal]);
  const fail = (code: string, count = 1) => failures.set(code, (failures.get(code) ?? 0) + count);
  let next = 0;
  let requests = 0;
  let done = 0;

  async function runCaller(): Promise<void> {
    while (next < orders && !signal.aborted) {
      const first = next;
      next = Math.min(orders, first + batch);
      const numbers = Array.from({ length: next - first }, (_, index) => first + index);
      requests += 1;
      const began = performance.now();
      try {
        const body = bodyOf(run, numbers, batch);
        const { data, errorCode } = await client.send(body, signal);
        latencies.push(performance.now() - began);
        const outcomes = outcomesOf(data, errorCode, numbers.length);
        for (const [index, number] of numbers.entries()) {
          const outcome = outcomes[index] ?? { code: 'NO_RESULT' };
          if ('id' in outcome) ids.set(number, outcome.id);
          else fail(outcome.code);
        }
      } catch (cause) {
        fail(signal.aborted ? (timeout.aborted ? 'TIMEOUT' : 'INTERRUPTED') : codeOf(cause), numbers.length);
      }
      onProgress((done += numbers.length));
    }
  }

  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: Math.min(concurrency, Math.ceil(orders / batch)) }, runCaller));
  const tookMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  if (next < orders && !options.signal.aborted) fail('NOT_SENT', orders - next);
  return { ids, failures, requests, latencies, tookMs, cpuMs: (user + system) / 1_000 };
}

function bodyOf(run: StressRun, numbers: readonly number[], batch: number): string {
  const inputs = numbers.map((number) => plannedOrder(run, number).input);
  if (batch === 1) return JSON.stringify({ query: CREATE_ONE, variables: { input: inputs[0] } });
  return JSON.stringify({ query: CREATE_MANY, variables: { input: { policy: 'PARTIAL', orders: inputs } } });
}

type Outcome = { readonly id: string } | { readonly code: string };

interface Payload {
  readonly order: { readonly id: string } | null;
  readonly replayed: boolean;
  readonly userErrors: readonly { readonly code: string }[];
}

interface Data {
  readonly createOrder?: Payload | null;
  readonly createOrders?: { readonly results: readonly Payload[]; readonly userErrors: Payload['userErrors'] } | null;
}

/** A success is an order that this request has created. */
function outcomesOf(data: unknown, errorCode: string | null, count: number): readonly Outcome[] {
  const { createOrder, createOrders } = (data ?? {}) as Data;
  const payloads = createOrders?.results ?? (createOrder === undefined || createOrder === null ? [] : [createOrder]);
  const code = errorCode ?? createOrders?.userErrors[0]?.code ?? 'NO_RESULT';
  return Array.from({ length: count }, (_, index): Outcome => {
    const { order, replayed, userErrors } = payloads[index] ?? {};
    if (order === undefined || order === null) return { code: userErrors?.[0]?.code ?? code };
    return replayed === true ? { code: 'REPLAYED' } : { id: order.id };
  });
}

function codeOf(cause: unknown): string {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: string };
  return typeof code === 'string' ? code : (message ?? 'UNKNOWN');
}
