// The requests of ordinary clients. Every response is checked: an HTTP status of 200 is no success by itself.
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Rate, Trend } from 'k6/metrics';
import { HEADERS, URL } from './settings.ts';

export const OPERATIONS = ['create', 'get', 'list', 'status'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Duration of the successful requests in milliseconds, with the tag `operation`. */
const latency = new Trend('latency', true);
/** Share of requests without the right answer, rejected ones excluded. */
const failed = new Rate('failed');
/** Share of requests that the server rejected because of its load. */
const rejected = new Rate('rejected');

const REJECTIONS = new Set(['OVERLOADED', 'THROTTLED']);
/** Only the first virtual users print a failed response. The summary counts all by their reason. */
const PRINTING_USERS = 3;
let printed = false;

interface Money {
  readonly amount: string;
  readonly currency: string;
}

interface Order {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly customerId: string;
  readonly total: Money;
  readonly items: readonly { readonly name: string; readonly quantity: number }[];
}

interface Payload {
  readonly order: Order | null;
  readonly userErrors: readonly { readonly code: string }[];
}

/** The response data of each operation. */
interface Answers {
  readonly create: { readonly createOrder: Payload & { readonly replayed: boolean } };
  readonly get: { readonly order: Order | null };
  readonly list: { readonly orders: { readonly nodes: readonly Order[] } };
  readonly status: { readonly updateOrderStatus: Payload & { readonly changed: boolean } };
}

const ORDER = 'id status version customerId total { amount currency } items { name quantity }';

const DOCUMENTS: Readonly<Record<Operation, string>> = {
  create: `mutation CreateOrder($input: CreateOrderInput!) {
  createOrder(input: $input) { replayed order { ${ORDER} } userErrors { code message } } }`,
  get: `query Order($id: ID!) { order(id: $id) { ${ORDER} } }`,
  list: `query Orders($where: OrderWhere) {
  orders(first: 20, where: $where) { nodes { ${ORDER} } pageInfo { hasNextPage endCursor } } }`,
  status: `mutation ChangeStatus($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { changed order { ${ORDER} } userErrors { code message } } }`,
};

/** Sends a request and records its outcome. @returns the data, or null if the answer is not the right one */
function send<O extends Operation>(
  operation: O,
  variables: object,
  isRight: (data: Answers[O]) => boolean,
): Answers[O] | null {
  const response = http.post(URL, JSON.stringify({ query: DOCUMENTS[operation], variables }), {
    headers: HEADERS,
    responseType: 'text',
    tags: { operation },
  });
  const answer = readAnswer<Answers[O]>(response.status, response.body);
  const problem = 'problem' in answer ? answer.problem : isRight(answer.data) ? null : 'wrong answer';
  const isRejected = problem !== null && REJECTIONS.has(problem);
  failed.add(problem !== null && !isRejected, { operation });
  rejected.add(isRejected, { operation });
  if (problem === null && 'data' in answer) {
    latency.add(response.timings.duration, { operation });
    return answer.data;
  }
  check(null, { [`${operation}: ${problem}`]: () => false });
  if (!isRejected) print(`${operation}: ${problem}: ${response.error || response.body.slice(0, 300)}`);
  return null;
}

type Answer<T> = { readonly data: T } | { readonly problem: string };

function readAnswer<T>(status: number, body: unknown): Answer<T> {
  if (status === 0) return { problem: 'no answer' };
  const answer = parse(body) as {
    readonly data?: T | null;
    readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  } | null;
  const code = answer?.errors?.[0]?.extensions?.code;
  if (code !== undefined) return { problem: code };
  if (status !== 200 || answer?.errors !== undefined || !answer?.data) return { problem: `HTTP ${status}` };
  return { data: answer.data };
}

function parse(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return null; // the caller reports the HTTP status
  }
}

function print(text: string): void {
  if (!printed && exec.vu.idInTest <= PRINTING_USERS) console.error(text);
  printed = true;
}

/** An order that this script has created, as it must be read again. */
export interface KnownOrder {
  readonly id: string;
  readonly customerId: string;
  version: number;
  status: string;
}

const ITEMS = [
  { name: 'Tea', quantity: 3, unitPrice: '4.20' },
  { name: 'Milk', unitPrice: '0.99' },
];
const TOTAL = '13.59';
const CUSTOMERS = 1_000;

export function anyCustomer(): string {
  return `load-${Math.floor(Math.random() * CUSTOMERS)}`;
}

/** @param more further fields of the input */
export function createOrder(customerId: string, more: object = {}): KnownOrder | null {
  const input = { idempotencyKey: uuid(), customerId, items: ITEMS, ...more };
  const data = send('create', { input }, ({ createOrder: { order, replayed, userErrors } }) => {
    if (order === null || replayed || userErrors.length > 0) return false;
    return order.version === 1 && order.total.amount === TOTAL && order.items.length === 2;
  });
  const order = data?.createOrder.order ?? null;
  return order && { id: order.id, customerId, version: order.version, status: order.status };
}

/** Reads an order, which must have the known version: a client reads what it has written. */
export function getOrder({ id, version, status, customerId }: KnownOrder): void {
  send('get', { id }, ({ order }) => {
    if (order === null || order.id !== id || order.version !== version || order.status !== status) return false;
    return order.customerId === customerId && order.total.amount === TOTAL && order.items.length === 2;
  });
}

/** Reads the newest orders of all customers, or of one. */
export function listOrders(customerId: string | null): void {
  send('list', { where: customerId === null ? {} : { customerId } }, ({ orders: { nodes } }) => {
    if (nodes.length > 20 || new Set(nodes.map(({ id }) => id)).size < nodes.length) return false;
    return nodes.every((order) => order.items.length > 0 && (customerId === null || order.customerId === customerId));
  });
}

const NEXT_STATUS: Readonly<Record<string, string>> = {
  PENDING: 'CONFIRMED',
  CONFIRMED: 'PROCESSING',
  PROCESSING: 'SHIPPED',
  SHIPPED: 'DELIVERED',
  DELIVERED: 'COMPLETED',
};

export function hasNextStatus({ status }: KnownOrder): boolean {
  return NEXT_STATUS[status] !== undefined;
}

/** Changes the status of an order to the next one. @returns whether it was changed; otherwise its status is unknown */
export function changeStatus(known: KnownOrder): boolean {
  const status = NEXT_STATUS[known.status];
  const version = known.version + 1;
  const input = { id: known.id, status, expectedVersion: known.version };
  const data = send('status', { input }, ({ updateOrderStatus: { changed, order } }) => {
    return changed && order !== null && order.status === status && order.version === version;
  });
  if (data === null || status === undefined) return false;
  Object.assign(known, { status, version });
  return true;
}

export function uuid(): string {
  const hex = (length: number) => Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}
