import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** The process ids of the workers of a supervisor. */
export function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.map(Number).filter((child) => commandOf(child).includes('workers/worker.js'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended since
  }
}

export interface Failure {
  readonly code: string;
  /** Whether the connection had served requests before. */
  readonly reused: boolean;
}

/** A client with one connection. It creates orders until it is stopped, and retries failed requests. */
export interface ConnectionCaller {
  readonly acknowledged: readonly string[];
  readonly failures: readonly Failure[];
  /** Answers other than a created order. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

const CREATE =
  'mutation ($id: ID!) { createOrder(input: {id: $id, items: [{name: "Tea", unitPrice: "4.20"}]}) { order { id } } }';

/** Opens a connection, and resolves when it has created an order over it. */
export async function startCaller(url: string): Promise<ConnectionCaller> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const acknowledged: string[] = [];
  const failures: Failure[] = [];
  const wrong: string[] = [];
  const first = Promise.withResolvers<void>();
  const stopping = new AbortController();

  async function create(id: string): Promise<boolean> {
    try {
      const text = await post(url, agent, JSON.stringify({ query: CREATE, variables: { id } }));
      if (text.includes(`"data":{"createOrder":{"order":{"id":"${id}"}}}`)) acknowledged.push(id);
      else wrong.push(text);
      return true;
    } catch (cause) {
      failures.push(cause as Failure);
      return false;
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const id = randomUUID();
      while (!(await create(id)) && !stopping.signal.aborted) await sleep(20);
      first.resolve();
    }
  }

  const running = run();
  await first.promise;
  return {
    acknowledged,
    failures,
    wrong,
    async stop() {
      stopping.abort();
      await running;
      agent.destroy();
    },
  };
}

/** @throws Failure if the connection fails */
async function post(url: string, agent: Agent, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(url, { method: 'POST', agent, headers });
  const failure = (cause: Error & { code?: string }) =>
    Object.assign(cause, { code: cause.code ?? cause.message, reused: sent.reusedSocket });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', (cause) => reject(failure(cause)));
    sent.end(body);
  });
  let text = '';
  try {
    for await (const chunk of response) text += String(chunk);
  } catch (cause) {
    throw failure(cause as Error);
  }
  return text;
}
