// A smoke test for k6: every kind of request. It checks the contents of the responses, not the HTTP statuses.
//   npm run load -- smoke                      starts a new server
//   URL=http://127.0.0.1:4000/graphql k6 run load/smoke.ts
import { check, fail } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
import { CONNECTION_PARAMETERS, HEADERS, numberOf, URL } from './k6/settings.ts';
import { report, TREND_STATISTICS, valueOf, type Summary } from './k6/summary.ts';

const STEPS = ['create', 'replay', 'bulk', 'edit', 'cancel', 'get', 'page', 'stats', 'update', 'event'] as const;
type Step = (typeof STEPS)[number];
const ITERATIONS = numberOf('ITERATIONS', 100);
const WATCH_TIMEOUT_MS = 10_000;
/** Events of each iteration: four orders are created, one is cancelled, one is confirmed. */
const EVENTS = 6;

/** Duration of each step as the client measures it, in milliseconds. */
const took = Object.fromEntries(STEPS.map((step) => [step, new Trend(`step_${step}`, true)])) as Record<Step, Trend>;

const eventsSeen = new Counter('events_seen');

export const options = {
  vus: numberOf('VUS', 5),
  iterations: ITERATIONS,
  thresholds: {
    checks: ['rate==1'],
    events_seen: [`count==${EVENTS * ITERATIONS}`], // otherwise a socket that never opens would not fail a check
    // Wide limits: they detect a server that hangs, not a busy machine.
    ...Object.fromEntries(STEPS.map((step) => [`step_${step}`, ['p(95)<2000']])),
  },
  summaryTrendStats: TREND_STATISTICS,
};

/** The response data of each step. */
interface Answers {
  readonly create: { readonly createOrder: Payload };
  readonly replay: { readonly createOrder: Payload };
  readonly bulk: { readonly createOrders: { readonly results: readonly Payload[] } };
  readonly edit: { readonly updateOrder: Payload };
  readonly cancel: { readonly cancelOrder: Payload };
  readonly get: { readonly order: Order };
  readonly page: { readonly orders: Page };
  readonly stats: { readonly orderStats: Stats };
  readonly update: { readonly updateOrderStatus: Payload };
}

function ask<S extends keyof Answers>(step: S, query: string, variables: object): Answers[S] {
  const response = http.post(URL, JSON.stringify({ query, variables }), {
    headers: HEADERS,
    responseType: 'text',
    tags: { step },
  });
  took[step].add(response.timings.duration);
  const body = response.json() as unknown as { readonly data: Answers[S]; readonly errors?: readonly object[] };
  if (!check(body, { [`${step}: no errors`]: ({ errors }) => errors === undefined })) fail(`${step}: ${response.body}`);
  return body.data;
}

const ORDER = 'id status version customerId total { amount currency } items { name quantity }';
const CREATE = `mutation ($input: CreateOrderInput!) {
  createOrder(input: $input) { replayed order { ${ORDER} } userErrors { code message } } }`;
const GET = `query ($id: ID!) { order(id: $id) { ${ORDER} history { nodes { version to } } } }`;
const PAGE = `query ($customerId: String!, $after: String) {
  orders(first: 1, after: $after, where: { customerId: $customerId }) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`;
const UPDATE = `mutation ($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { changed order { status version } userErrors { code } } }`;
const BULK = `mutation ($input: CreateOrdersInput!) {
  createOrders(input: $input) { results { index order { id total { amount } } userErrors { code } } userErrors { code } } }`;
const EDIT = `mutation ($input: UpdateOrderInput!) {
  updateOrder(input: $input) { changed order { version total { amount } shippingAddress { countryCode } } userErrors { code } } }`;
const CANCEL = `mutation ($input: CancelOrderInput!) {
  cancelOrder(input: $input) { changed order { status cancelReason } userErrors { code } } }`;
const STATS = `query ($customerId: String!) {
  orderStats(customerId: $customerId) { count money { count gross { amount } } } }`;
const WATCH = `subscription ($customerId: String!) {
  orderStatusChanged(customerId: $customerId) { orderId version to order { status } } }`;

interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** The selected fields of the documents above. */
interface Order {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly total: Money;
  readonly items: readonly { readonly name: string; readonly quantity: number }[];
  readonly history: { readonly nodes: readonly { readonly version: number; readonly to: string }[] };
  readonly shippingAddress: { readonly countryCode: string };
  readonly cancelReason: string;
}

interface Payload {
  readonly order: Order;
  readonly replayed: boolean;
  readonly changed: boolean;
  readonly userErrors: readonly object[];
}

interface Page {
  readonly totalCount: number;
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

interface Stats {
  readonly count: number;
  readonly money: readonly { readonly count: number; readonly gross: Money }[];
}

interface StatusChange {
  readonly orderId: string;
  readonly version: number;
  readonly to: string;
}

interface SocketMessage {
  readonly type: string;
  readonly payload: { readonly data: { readonly orderStatusChanged: StatusChange } };
}

export default function smoke(): void {
  const customerId = `smoke ${Date.now()} ${exec.scenario.iterationInTest}`;
  const socket = new WebSocket(URL.replace('http', 'ws'), 'graphql-transport-ws' as unknown as null); // @types/k6 lacks protocols
  const seen: StatusChange[] = [];
  let changedAt = 0;
  const timeout = setTimeout(() => {
    check(seen, { 'event: all events arrived in time': () => false });
    socket.close();
  }, WATCH_TIMEOUT_MS);

  socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init', payload: CONNECTION_PARAMETERS }));
  socket.onmessage = (event) => {
    const message = JSON.parse(event?.data as string) as SocketMessage;
    if (message.type === 'connection_ack') {
      const payload = { query: WATCH, variables: { customerId } };
      socket.send(JSON.stringify({ type: 'subscribe', id: 'watch', payload }));
      // Messages are processed in order: when the pong arrives, the subscription is established.
      socket.send(JSON.stringify({ type: 'ping' }));
    } else if (message.type === 'pong') {
      changedAt = changeOrders(customerId);
    } else if (message.type === 'next') {
      seen.push(message.payload.data.orderStatusChanged);
      eventsSeen.add(1);
      if (seen.length < EVENTS) return;
      took.event.add(Date.now() - changedAt);
      checkEvents(seen);
      clearTimeout(timeout);
      socket.close();
    }
  };
}

/** Creates, repeats, reads, lists and changes orders of one customer. @returns the time of the last change */
function changeOrders(customerId: string): number {
  const input = {
    idempotencyKey: customerId,
    customerId,
    items: [
      { name: 'Tea', quantity: 3, unitPrice: '4.20' },
      { name: 'Milk', unitPrice: '0.99' },
    ],
  };
  const { createOrder } = ask('create', CREATE, { input });
  check(createOrder, {
    'create: created once': ({ order, replayed, userErrors }) => order !== null && !replayed && userErrors.length === 0,
    'create: the total is exact': ({ order }) => order.total.amount === '13.59' && order.total.currency === 'USD',
  });
  const { id } = createOrder.order;
  const replay = ask('replay', CREATE, { input }).createOrder;
  check(replay, { 'replay: the same order': ({ order, replayed }) => replayed && order.id === id });
  ask('create', CREATE, { input: { ...input, idempotencyKey: `${customerId} second` } });

  changeManyOrders(customerId);
  const { order } = ask('get', GET, { id });
  check(order, {
    'get: has its items and status': ({ items, status }) =>
      status === 'PENDING' && items[0]?.quantity === 3 && items[1]?.name === 'Milk',
    'get: has its history': ({ history }) => history.nodes.length === 1 && history.nodes[0]?.to === 'PENDING',
  });
  const first = ask('page', PAGE, { customerId }).orders;
  const second = ask('page', PAGE, { customerId, after: first.pageInfo.endCursor }).orders;
  check([first, second], {
    'page: the count is right': () => first.totalCount === 4 && second.totalCount === 4,
    'page: pages do not overlap': () => first.nodes[0]?.id !== second.nodes[0]?.id,
    'page: hasNextPage is right': () => first.pageInfo.hasNextPage && second.pageInfo.hasNextPage,
  });
  const at = Date.now();
  const { updateOrderStatus } = ask('update', UPDATE, {
    input: { id, status: 'CONFIRMED', expectedVersion: 1 },
  });
  check(updateOrderStatus, {
    'update: changed': ({ changed, order: { status, version } }) => changed && status === 'CONFIRMED' && version === 2,
  });
  return at;
}

/** Creates two orders in one request, updates one, cancels the other, and reads the statistics. */
function changeManyOrders(customerId: string): void {
  const items = [{ name: 'Mug', unitPrice: '9' }];
  const orders = [1, 2].map((n) => ({
    idempotencyKey: `${customerId} bulk ${n}`,
    customerId,
    items,
    externalReference: `${n}`,
  }));
  const { createOrders } = ask('bulk', BULK, { input: { orders } });
  check(createOrders, {
    'bulk: all created': ({ results }) =>
      results.length === 2 && results.every(({ order }) => order.total.amount === '9.00'),
  });
  const [updated, cancelled] = createOrders.results.map(({ order }) => order.id);
  const change = {
    items: [{ name: 'Mug', quantity: 2, unitPrice: '9' }],
    shippingAddress: { line1: 'x', country: 'Japan' },
  };
  const { updateOrder } = ask('edit', EDIT, {
    input: { id: updated, expectedVersion: 1, ...change },
  });
  check(updateOrder, {
    'edit: updated, with a new total': ({ changed, order }) =>
      changed && order.total.amount === '18.00' && order.shippingAddress.countryCode === 'JP',
  });
  const { cancelOrder } = ask('cancel', CANCEL, {
    input: { id: cancelled, reason: 'CUSTOMER' },
  });
  check(cancelOrder, {
    'cancel: cancelled': ({ changed, order }) =>
      changed && order.status === 'CANCELLED' && order.cancelReason === 'CUSTOMER',
  });
  const { orderStats } = ask('stats', STATS, { customerId });
  check(orderStats, {
    'stats: the sum is exact': ({ count, money }) =>
      count === 4 && money[0]?.count === 3 && money[0].gross.amount === '45.18',
  });
}

function checkEvents(seen: readonly StatusChange[]): void {
  const created = seen.filter(({ to, version }) => to === 'PENDING' && version === 1);
  const [confirmed, ...others] = seen.filter(({ to, version }) => to === 'CONFIRMED' && version === 2);
  check(seen, {
    'event: all creations arrived': () => created.length === 4,
    'event: the change arrived after the creation of its order': () =>
      confirmed !== undefined &&
      others.length === 0 &&
      seen.findIndex(({ orderId }) => orderId === confirmed.orderId) < seen.indexOf(confirmed),
  });
}

export function handleSummary(summary: Summary) {
  const seconds = summary.state.testRunDurationMs / 1_000;
  const rows = STEPS.map((name) => ({ name, metric: `step_${name}`, seconds }));
  const [passes, fails] = ['passes', 'fails'].map((name) => valueOf(summary, 'checks', name));
  return report(summary, `smoke: ${ITERATIONS} iterations, ${passes} checks passed, ${fails} failed`, rows);
}
