import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** A write load of clients that repeat a failed request unchanged, as docs/clients.md recommends. */
export interface RetryingLoad {
  /** The version of each order that a response has acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Requests that have not succeeded in time. */
  readonly lost: readonly string[];
  /** Why attempts have failed since the last call. */
  takeFailures(): readonly string[];
  stop(): Promise<void>;
}

const CREATE = 'mutation ($input: CreateOrderInput!) { result: createOrder(input: $input) { order { id version } } }';
const CONFIRM =
  'mutation ($input: UpdateOrderStatusInput!) { result: updateOrderStatus(input: $input) { order { id version } } }';
const TEA = { name: 'Tea', quantity: 1, unitPrice: '4.20' };
const LOST_AFTER_MS = 60_000;
const RETRY_PAUSE_MS = 50;

export function startRetryingLoad(url: string, callers = 8): RetryingLoad {
  const acknowledged = new Map<string, number>();
  const lost: string[] = [];
  let failures: string[] = [];
  const stopping = new AbortController();

  async function perform(query: string, input: object): Promise<void> {
    const until = performance.now() + LOST_AFTER_MS;
    for (;;) {
      const result = await attempt(url, query, input);
      if (typeof result === 'object') {
        acknowledged.set(result.id, result.version);
        return;
      }
      failures.push(`${new Date().toISOString()} ${result}`);
      if (performance.now() > until) {
        lost.push(result);
        return;
      }
      await sleep(RETRY_PAUSE_MS);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const id = randomUUID();
      await perform(CREATE, { id, items: [TEA] });
      await perform(CONFIRM, { id, status: 'CONFIRMED', idempotencyKey: id });
      await sleep(10);
    }
  }

  const running = Promise.all(Array.from({ length: callers }, run));
  return {
    acknowledged,
    lost,
    takeFailures() {
      const taken = failures;
      failures = [];
      return taken;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface Acknowledged {
  readonly id: string;
  readonly version: number;
}

/** @returns the order, or why the attempt failed */
async function attempt(url: string, query: string, input: object): Promise<Acknowledged | string> {
  try {
    const body = JSON.stringify({ query, variables: { input } });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const text = await response.text();
    if (!response.ok) return `HTTP ${response.status} ${text.slice(0, 200)}`;
    const { data } = JSON.parse(text) as { data: { result: { order: Acknowledged | null } } | null };
    return data?.result.order ?? text;
  } catch (cause) {
    const { code, message } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
    return code ?? message;
  }
}
