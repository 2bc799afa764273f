import type { CountRequest } from '../../orders/interfaces/order-filter.js';
import type { Queryable } from '../../database/database.js';
import { boundsOf, listsOf, shapeOf, type Bind, type Statement } from './order-conditions.js';

/** Everything of a count but whose orders are counted: counts alike in it are made by one statement. */
export function shapeOfCount({ filter, limit }: CountRequest): string {
  // A bounded count stops early, so it is made for one customer at a time.
  return JSON.stringify([shapeOf(filter), limit, limit === null ? null : filter.customerId]);
}

/** Counts selections that differ only in their customer; exactly, or up to a limit. */
export async function countOrders(db: Queryable, requests: readonly CountRequest[]): Promise<number[]> {
  const [first] = requests;
  if (first === undefined) return [];
  const customers = requests.flatMap(({ filter }) => filter.customerId ?? []);
  const { sql, values } = countStatement(first, first.filter.customerId === null ? null : customers);
  const rows = await db.$queryRawUnsafe<{ customer_id: string | null; count: number }[]>(sql, ...values);
  const byCustomer = new Map(rows.map((row) => [row.customer_id, row.count]));
  return requests.map(({ filter }) => byCustomer.get(filter.customerId) ?? 0);
}

function countStatement({ filter, limit }: CountRequest, customers: readonly string[] | null): Statement {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const conditions = ['o.deleted_at IS NULL', ...boundsOf(filter, bind)];
  conditions.push(...listsOf(filter, bind).map(({ array, column }) => `${column} = any(${array})`));
  if (customers !== null) conditions.push(`o.customer_id = any(${bind(customers)}::text[])`);
  const where = `FROM orders o WHERE ${conditions.join(' AND ')}`;
  const group = customers === null ? 'NULL::text' : 'o.customer_id';
  const counted = `${group} AS customer_id, count(*)::float8 AS count`;
  const grouped = customers === null ? '' : ' GROUP BY o.customer_id';
  if (limit === null) return { sql: `SELECT ${counted} ${where}${grouped}`, values };
  const some = `SELECT o.customer_id ${where} LIMIT ${bind(limit)}`;
  return { sql: `SELECT ${counted} FROM (${some}) o${grouped}`, values };
}
