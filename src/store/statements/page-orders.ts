import type { OrderStatus } from '../../domain/lifecycle.js';
import type { Order } from '../../domain/order.js';
import type { OrderRange, OrderSelection } from '../../orders/ports.js';
import type { Queryable } from '../database.js';
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../rows.js';

/** Reads ranges of orders. Ranges that differ only in their customer are read by one statement. */
export async function readRanges(db: Queryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
  const pages = new Map<OrderRange, Order[]>();
  const alike = Map.groupBy(ranges, shapeOf);
  await Promise.all([...alike.values()].map((group) => readAlike(db, group, pages)));
  return ranges.map((range) => pages.get(range) ?? []);
}

/** Everything of a range but whose orders are asked for. */
function shapeOf({ selection, direction, after, before, inclusive, limit }: OrderRange): string {
  return JSON.stringify([
    selection.customerId === null,
    selection.statuses,
    direction,
    after,
    before,
    inclusive,
    limit,
  ]);
}

async function readAlike(db: Queryable, ranges: readonly OrderRange[], pages: Map<OrderRange, Order[]>): Promise<void> {
  const [first] = ranges;
  if (first === undefined) return;
  const customers = ranges.flatMap(({ selection }) => selection.customerId ?? []);
  const { sql, values } = rangeStatement(first, customers);
  const rows = await db.$queryRawUnsafe<OrderRow[]>(sql, ...values);
  const byCustomer = Map.groupBy(rows, (row) => (first.selection.customerId === null ? null : row.customer_id));
  for (const range of ranges) pages.set(range, (byCustomer.get(range.selection.customerId) ?? []).map(toOrder));
}

interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/**
 * A keyset page. Each status and each customer walks its own stretch of an index and stops after `limit` rows, so a
 * page costs the same wherever it lies and however rare its orders are; a filter beside a walk over all orders would
 * read everything in between. Only as many texts as there are combinations of what is given, so each can be prepared.
 */
function rangeStatement(range: OrderRange, customers: readonly string[]): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const order = `ORDER BY o.created_at ${range.direction}, o.id ${range.direction} LIMIT ${bind(range.limit)}`;
  const [beyond, short] = range.direction === 'ASC' ? ['>', '<'] : ['<', '>'];
  const conditions = ['o.deleted_at IS NULL'];
  if (range.after !== null) {
    const { createdAt, id } = range.after;
    const place = `(${bind(createdAt)}::timestamptz(3), ${bind(id)}::uuid)`;
    conditions.push(`(o.created_at, o.id) ${beyond}${range.inclusive ? '=' : ''} ${place}`);
  }
  if (range.before !== null) {
    const { createdAt, id } = range.before;
    conditions.push(`(o.created_at, o.id) ${short} (${bind(createdAt)}::timestamptz(3), ${bind(id)}::uuid)`);
  }
  const byCustomer = range.selection.customerId !== null;
  if (byCustomer) conditions.push('o.customer_id = c.customer_id');
  const { statuses } = range.selection;
  if (statuses !== null) conditions.push('o.status = s.status');

  let from = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE ${conditions.join(' AND ')} ${order}`;
  if (statuses !== null) {
    from = `SELECT o.* FROM unnest(${bind(statuses)}::order_status[]) AS s(status) CROSS JOIN LATERAL (${from}) o ${order}`;
  }
  if (byCustomer) {
    const each = `unnest(${bind(customers)}::text[]) WITH ORDINALITY AS c(customer_id, place)`;
    const { direction } = range;
    from = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${from}) o ORDER BY c.place, o.created_at ${direction}, o.id ${direction}`;
  }
  return { sql: from, values };
}

/** Counts orders exactly. Selections that differ only in their customer are counted by one statement. */
export async function countOrders(db: Queryable, selections: readonly OrderSelection[]): Promise<number[]> {
  const counts = new Map<OrderSelection, number>();
  const alike = Map.groupBy(selections, ({ customerId, statuses }) => JSON.stringify([customerId === null, statuses]));
  await Promise.all([...alike.values()].map((group) => countAlike(db, group, counts)));
  return selections.map((selection) => counts.get(selection) ?? 0);
}

async function countAlike(
  db: Queryable,
  selections: readonly OrderSelection[],
  counts: Map<OrderSelection, number>,
): Promise<void> {
  const [first] = selections;
  if (first === undefined) return;
  const customers = selections.flatMap(({ customerId }) => customerId ?? []);
  const { sql, values } = countStatement(first.statuses, first.customerId === null ? null : customers);
  const rows = await db.$queryRawUnsafe<{ customer_id: string | null; count: number }[]>(sql, ...values);
  const byCustomer = new Map(rows.map((row) => [row.customer_id, row.count]));
  for (const selection of selections) counts.set(selection, byCustomer.get(selection.customerId) ?? 0);
}

function countStatement(statuses: readonly OrderStatus[] | null, customers: readonly string[] | null): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = ['o.deleted_at IS NULL'];
  if (statuses !== null) conditions.push(`o.status = any(${bind(statuses)}::order_status[])`);
  if (customers !== null) conditions.push(`o.customer_id = any(${bind(customers)}::text[])`);
  const [group, tail] = customers === null ? ['NULL::text', ''] : ['o.customer_id', ' GROUP BY o.customer_id'];
  const sql = `SELECT ${group} AS customer_id, count(*)::float8 AS count FROM orders o WHERE ${conditions.join(' AND ')}${tail}`;
  return { sql, values };
}
