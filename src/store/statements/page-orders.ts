import type { OrderStatus } from '../../domain/lifecycle.js';
import type { Order } from '../../domain/order.js';
import type { OrderRange, OrderSelection } from '../../orders/ports.js';
import type { Queryable } from '../database.js';
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../rows.js';

/** Everything of a range but whose orders are asked for: ranges that are alike in it are read by one statement. */
export function shapeOfRange({ selection, direction, after, before, inclusive, limit }: OrderRange): string {
  const { customerId, statuses } = selection;
  return JSON.stringify([customerId === null, statuses, direction, after, before, inclusive, limit]);
}

/** Reads ranges that differ only in their customer. */
export async function readRanges(db: Queryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
  const [first] = ranges;
  if (first === undefined) return [];
  const customers = ranges.flatMap(({ selection }) => selection.customerId ?? []);
  const { sql, values } = rangeStatement(first, customers);
  const rows = await db.$queryRawUnsafe<OrderRow[]>(sql, ...values);
  const byCustomer = Map.groupBy(rows, (row) => (first.selection.customerId === null ? null : row.customer_id));
  return ranges.map((range) => (byCustomer.get(range.selection.customerId) ?? []).map(toOrder));
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

/** Everything of a selection but whose orders are counted: selections alike in it are counted by one statement. */
export function shapeOfSelection({ customerId, statuses }: OrderSelection): string {
  return JSON.stringify([customerId === null, statuses]);
}

/** Counts, exactly, selections that differ only in their customer. */
export async function countOrders(db: Queryable, selections: readonly OrderSelection[]): Promise<number[]> {
  const [first] = selections;
  if (first === undefined) return [];
  const customers = selections.flatMap(({ customerId }) => customerId ?? []);
  const { sql, values } = countStatement(first.statuses, first.customerId === null ? null : customers);
  const rows = await db.$queryRawUnsafe<{ customer_id: string | null; count: number }[]>(sql, ...values);
  const byCustomer = new Map(rows.map((row) => [row.customer_id, row.count]));
  return selections.map(({ customerId }) => byCustomer.get(customerId) ?? 0);
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
