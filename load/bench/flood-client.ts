// The client of flood.ts that attacks the server, as a process of its own.
import { Agent, request } from 'node:http';
import { HOSTILE_DOCUMENTS } from '../../tests/support/hostile-documents.ts';

export interface FloodOrder {
  readonly url: string;
  readonly token: string;
  /** `flood` sends one body at a rate; `hostile` sends the hostile documents, a few at a time. */
  readonly kind: 'flood' | 'hostile';
  /** Requests a second. */
  readonly rate: number;
  readonly body: string;
  readonly seconds: number;
}

export interface FloodReport {
  readonly sent: number;
  readonly statuses: Readonly<Record<number, number>>;
}

const CALLERS = 20;
/** Requests are sent in groups, because timers are no finer. */
const TICK_MS = 5;
/** Requests without an answer beyond this number are not sent: the rate then shows what the server takes. */
const MAX_UNANSWERED = 2_000;

const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

process.on('message', (order: FloodOrder) => {
  const run = order.kind === 'flood' ? flood : sendHostile;
  void run(order).then((report) => process.send?.(report));
});

async function flood(order: FloodOrder): Promise<FloodReport> {
  const { rate, body, seconds } = order;
  const statuses: Record<number, number> = {};
  const unanswered = new Set<Promise<void>>();
  const began = performance.now();
  let sent = 0;
  const send = async () => {
    const status = await post(order, body);
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) * rate) / 1_000);
    for (; sent < due && unanswered.size < MAX_UNANSWERED; sent += 1) {
      const request = send().finally(() => unanswered.delete(request));
      unanswered.add(request);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(unanswered);
  return { sent, statuses };
}

async function sendHostile(order: FloodOrder): Promise<FloodReport> {
  const bodies = HOSTILE_DOCUMENTS.map(({ query, variables }) => JSON.stringify({ query, variables }));
  const statuses: Record<number, number> = {};
  const until = performance.now() + order.seconds * 1_000;
  let sent = 0;
  const call = async () => {
    while (performance.now() < until) {
      const body = bodies[sent % bodies.length] ?? '';
      sent += 1;
      const status = await post(order, body);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return { sent, statuses };
}

/** @returns the HTTP status; 0 where the connection failed */
function post({ url, token }: FloodOrder, body: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', () => resolve(0));
    sent.end(body);
  });
}
