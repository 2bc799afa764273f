// Many websockets that watch the same orders, while these are created and changed. Each must receive every event once and in
// order: npm run load -- subscribers
import { check } from 'k6';
import http from 'k6/http';
import { Rate } from 'k6/metrics';
import { arrivals } from './k6/arrivals.ts';
import { changeStatus, createOrder, uuid } from './k6/requests.ts';
import { HEADERS, numberOf, secondsOf, URL } from './k6/settings.ts';
import { subscribe, type Subscriber } from './k6/subscriber.ts';
import { report, TREND_STATISTICS, valueOf, type Summary } from './k6/summary.ts';

const SUBSCRIBERS = numberOf('SUBSCRIBERS', 200);
const RATE = numberOf('RATE', 10);
const SECONDS = secondsOf('DURATION', '20s');
/** Time in which all sockets open. */
const OPENING = secondsOf('OPENING', '3s');

const SOCKETS_OF_USER = 50;
const USERS = Math.ceil(SUBSCRIBERS / SOCKETS_OF_USER);
/** Time after the last write in which all events must arrive. */
const ARRIVAL_MS = 15_000;
const LOOK_MS = 500;

/** Share of subscribers that received every event once and in order. */
const complete = new Rate('complete');

export const options = {
  scenarios: {
    subscribers: {
      executor: 'per-vu-iterations',
      vus: USERS,
      maxDuration: `${OPENING + SECONDS + ARRIVAL_MS / 1_000 + 30}s`,
    },
    writers: arrivals(RATE, SECONDS, { exec: 'write', startTime: `${OPENING}s` }),
  },
  thresholds: {
    complete: ['rate==1'],
    failed: ['rate==0'],
    event_delay: [`p(95)<${numberOf('P95_MS', 500)}`],
    events_received: ['count>0'],
  },
  summaryTrendStats: TREND_STATISTICS,
};

interface Run {
  readonly customerId: string;
}

export function setup(): Run {
  return { customerId: `load-subscribers-${uuid()}` };
}

/** Creates an order and confirms it: two events. */
export function write({ customerId }: Run): void {
  const order = createOrder(customerId, { externalReference: `${Date.now()} ${uuid()}` });
  if (order !== null) changeStatus(order);
}

/** Holds the sockets of one virtual user until all events have arrived. */
export default function subscribers({ customerId }: Run): void {
  const share = Math.floor(SUBSCRIBERS / USERS) + ((__VU - 1) % USERS < SUBSCRIBERS % USERS ? 1 : 0);
  const open = Array.from({ length: share }, () => subscribe(customerId));
  const lastWrite = Date.now() + 1_000 * (OPENING + SECONDS);
  const timer = setInterval(() => {
    if (Date.now() < lastWrite + LOOK_MS) return;
    const events = countEvents(customerId);
    const isLate = Date.now() > lastWrite + ARRIVAL_MS;
    if (!isLate && open.some((each) => each.received() < events)) return;
    clearInterval(timer);
    for (const each of open) finish(each, events);
  }, LOOK_MS);
}

function finish(subscriber: Subscriber, events: number): void {
  const missing = events - subscriber.received();
  const problem = subscriber.problem() ?? (missing > 0 ? `${missing} events are missing` : null);
  complete.add(problem === null);
  if (problem !== null) check(null, { [`subscriber: ${problem}`]: () => false });
  subscriber.close();
}

const COUNTS = `query ($customerId: String!) {
  created: orders(first: 0, where: { customerId: $customerId }) { totalCount }
  confirmed: orders(first: 0, where: { customerId: $customerId, status: { eq: CONFIRMED } }) { totalCount } }`;

/** The number of events of the orders that are stored. */
function countEvents(customerId: string): number {
  const body = JSON.stringify({ query: COUNTS, variables: { customerId } });
  const response = http.post(URL, body, { headers: HEADERS, responseType: 'text' });
  const { data } = response.json() as unknown as { data: Record<'created' | 'confirmed', { totalCount: number }> };
  return data.created.totalCount + data.confirmed.totalCount;
}

export function handleSummary(summary: Summary) {
  const count = valueOf(summary, 'events_received', 'count');
  const whole = `${valueOf(summary, 'complete', 'passes')} of ${SUBSCRIBERS} subscribers received every event once`;
  return report(
    summary,
    `subscribers: ${SUBSCRIBERS} subscribers, ${RATE} orders a second for ${SECONDS} s`,
    [
      { name: 'write', metric: 'latency', seconds: SECONDS },
      { name: 'event delay', metric: 'event_delay', seconds: SECONDS },
    ],
    [`  ${count} events received; ${whole}`],
  );
}
