import type { CountRequest } from '../../orders/interfaces/order-filter.js';
import type { ReadQueryable } from '../../database/database.js';
import { query, readRows } from '../statement.js';
import { boundsOf, listsOf, shapeOf, type Bind, type BoundQuery } from './order-conditions.js';

/** The parts of a count other than its customer. Counts with equal parts share one statement. */
export function shapeOfCount({ filter, limit }: CountRequest): string {
  // A bounded count stops early, so each customer is counted separately.
  return JSON.stringify([shapeOf(filter), limit, limit === null ? null : filter.customerId]);
}

/** Counts selections that differ only in their customer, exactly or up to a limit. */
export async function countOrders(db: ReadQueryable, requests: readonly CountRequest[]): Promise<number[]> {
  const [first] = requests;
  if (first === undefined) return [];
  const customers = requests.flatMap(({ filter }) => filter.customerId ?? []);
  const { statement, values } = countQuery(first, first.filter.customerId === null ? null : customers);
  const rows = await readRows(db, statement, ...values);
  const byCustomer = new Map(rows.map((row) => [row.customerId, row.count]));
  return requests.map(({ filter }) => byCustomer.get(filter.customerId) ?? 0);
}

interface CountRow {
  readonly customerId: string | null;
  readonly count: number;
}

/** @param customers counted separately; null counts the orders of all customers together */
export function countQuery({ filter, limit }: CountRequest, customers: readonly string[] | null): BoundQuery<CountRow> {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const conditions = ['o.deleted_at IS NULL', ...boundsOf(filter, bind)];
  conditions.push(...listsOf(filter, bind).map(({ array, column }) => `${column} = any(${array})`));
  if (customers !== null) conditions.push(`o.customer_id = any(${bind(customers)}::text[])`);
  const where = `FROM orders o WHERE ${conditions.join(' AND ')}`;
  const group = customers === null ? 'NULL::text' : 'o.customer_id';
  const counted = `${group} AS "customerId", count(*)::float8 AS count`;
  const grouped = customers === null ? '' : ' GROUP BY o.customer_id';
  const some = limit === null ? null : `SELECT o.customer_id ${where} LIMIT ${bind(limit)}`;
  const sql = `SELECT ${counted} ${some === null ? where : `FROM (${some}) o`}${grouped}`;
  return { statement: query<CountRow>(sql, { customerId: 'text', count: 'double precision' }), values };
}
