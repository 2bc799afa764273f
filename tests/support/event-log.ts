import { expect, vi } from 'vitest';
import type { TestClient } from './client.js';
import type { TestDatabase } from './database.js';
import { EVENT_FIELDS, type FollowedEvent } from './follower.js';
import { assignCustomer, createdOrder, deleteOrder, transitionOrder, updateOrder } from './order-requests.js';
import type { Random } from './random.js';

export interface LogRow {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly to: string | null;
  readonly customerId: string | null;
}

/** Waits until every event has a position. */
export async function sequenced(database: TestDatabase): Promise<void> {
  const pending = 'SELECT 1 FROM order_events WHERE position IS NULL LIMIT 1';
  await vi.waitFor(async () => expect(await database.sql(pending)).toEqual([]), { timeout: 20_000 });
}

/** The log, by position. All events have one. */
export async function readLog(database: TestDatabase, condition = 'true'): Promise<readonly LogRow[]> {
  await sequenced(database);
  return database.sql<LogRow>(
    `SELECT order_id AS "orderId", version, type, to_status AS "to", customer_id AS "customerId"
     FROM order_events WHERE ${condition} ORDER BY position`,
  );
}

/** Orders and versions, as `id version`. */
export const versionsOf = (rows: readonly Pick<LogRow, 'orderId' | 'version'>[]) =>
  rows.map(({ orderId, version }) => `${orderId} ${version}`);

export interface LogPage {
  readonly orderEvents: {
    readonly edges: readonly { readonly cursor: string; readonly node: FollowedEvent }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export const LOG_PAGE = `query ($after: String, $first: Int, $orderId: ID, $customerId: String, $types: [OrderEventType!], $to: [OrderStatus!]) {
  orderEvents(after: $after, first: $first, orderId: $orderId, customerId: $customerId, types: $types, to: $to) {
    edges { cursor node { ${EVENT_FIELDS} } } pageInfo { hasNextPage endCursor } } }`;

/** Pages through the log until it ends. */
export async function readPages(client: TestClient, variables: object = {}, after: string | null = null) {
  const events: FollowedEvent[] = [];
  let cursor = after;
  for (;;) {
    const { orderEvents } = await client.get<LogPage>(LOG_PAGE, {
      ...variables,
      ...(cursor === null ? {} : { after: cursor }),
    });
    events.push(...orderEvents.edges.map(({ node }) => node));
    cursor = orderEvents.pageInfo.endCursor;
    if (!orderEvents.pageInfo.hasNextPage) return { events, cursor };
  }
}

interface Written {
  readonly id: string;
  status: string;
  customerId: string | null;
  version: number;
}

const NEXT: Readonly<Record<string, string>> = {
  PENDING: 'CONFIRMED',
  CONFIRMED: 'PROCESSING',
  PROCESSING: 'SHIPPED',
  SHIPPED: 'DELIVERED',
};

/** Changes orders of two customers and of guests at random, by all kinds of events. */
export async function writeRandomly(client: TestClient, count: number, { pick, chance }: Random): Promise<void> {
  let orders: Written[] = [];
  for (let index = 0; index < count; index += 1) {
    if (orders.length === 0 || chance(0.3)) {
      const customerId = pick(['ann', 'bob', null]);
      const { id } = await createdOrder(client, customerId === null ? {} : { customerId });
      orders.push({ id, status: 'PENDING', customerId, version: 1 });
      continue;
    }
    const order = pick(orders);
    const { id } = order;
    if (chance(0.1)) {
      await deleteOrder(client, { id });
      orders = orders.filter((other) => other !== order);
      continue;
    }
    if (order.customerId === null && chance(0.5)) {
      order.customerId = pick(['ann', 'bob']);
      await assignCustomer(client, { id, customerId: order.customerId });
    } else if (order.status === 'PENDING' && chance(0.5)) {
      await updateOrder(client, { id, expectedVersion: order.version, notes: `change ${index}` });
    } else {
      const status = NEXT[order.status] ?? 'COMPLETED';
      if (status === order.status) continue;
      order.status = status;
      await transitionOrder(client, { id, status });
    }
    order.version += 1;
  }
}

/** The cursor of the end of the log, when every event has a position. */
export async function endOfLog(client: TestClient, database: TestDatabase): Promise<string> {
  await sequenced(database);
  const { cursor } = await readPages(client, { orderId: NO_ORDER });
  if (cursor === null) throw new Error('the log is empty');
  return cursor;
}

const NO_ORDER = '00000000-0000-4000-8000-000000000000';
