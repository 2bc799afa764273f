import type { Order } from '../../domain/order.js';
import type { SortKey, OrderRange, OrderSortField } from '../../orders/interfaces/order-filter.js';
import type { Queryable } from '../../database/database.js';
import { namesOf, resultTypes, selectList } from '../columns.js';
import { ORDER_COLUMNS } from '../order-columns.js';
import { query, readRows } from '../statement.js';
import {
  boundsOf,
  listsOf,
  prefixOf,
  readByPrefix,
  shapeOf,
  textsOf,
  type Bind,
  type BoundQuery,
  type List,
} from './order-conditions.js';

/** The parts of a range other than its customer. Ranges with equal parts are read by one statement. */
export function shapeOfRange({ filter, ...rest }: OrderRange): string {
  return JSON.stringify([shapeOf(filter), rest]);
}

/** Reads ranges that differ only in their customer. */
export async function readRanges(db: Queryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
  const [first] = ranges;
  if (first === undefined) return [];
  const customers = ranges.flatMap(({ filter }) => filter.customerId ?? []);
  const { statement, values } = rangeQuery(first, customers);
  const rows = await readRows(db, statement, ...values);
  const byCustomer = Map.groupBy(rows, (row) => (first.filter.customerId === null ? null : row.customerId));
  return ranges.map((range) => (byCustomer.get(range.filter.customerId) ?? []).slice(0, range.limit));
}

const SORT_FIELDS = {
  CREATED_AT: 'createdAt',
  UPDATED_AT: 'updatedAt',
  TOTAL: 'total',
} as const satisfies Readonly<Record<OrderSortField, keyof Order>>;

/**
 * Reads a keyset page. Each customer, and each value of one list such as the statuses, scans its own range of an index
 * and stops after `limit` rows. The cost of a page therefore depends neither on its position nor on the frequency of
 * its orders. A filter on a scan of all orders would read all rows in between. The number of different texts is limited
 * by the combinations of conditions, so that each can be prepared.
 */
export function rangeQuery(range: OrderRange, customers: readonly string[]): BoundQuery<Order> {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const { filter, direction } = range;
  const field = SORT_FIELDS[range.field];
  const inner = `o.${ORDER_COLUMNS[field].name} ${direction}, o.id ${direction}`;
  const outer = `o."${field}" ${direction}, o.id ${direction}`; // the rows already have the names of the fields
  const limit = `LIMIT ${LIMITS.find((most) => most >= range.limit) ?? range.limit}`;
  const byCustomer = filter.customerId !== null;
  const prefix = prefixOf(filter);
  const [walk, ...filters] = listsOf(filter, bind);
  const stretched = walk !== undefined && isStretched(range, walk) ? walk : null;
  const conditions = [
    'o.deleted_at IS NULL',
    ...boundsOf(filter, bind),
    ...among(filters),
    ...(byCustomer ? ['o.customer_id = c.customer_id'] : []),
    ...segmentOf(range, stretched, bind),
  ];
  const walked = walk !== undefined && stretched === null ? [`${walk.column} = v.value`] : [];
  const select = (table: string, more: readonly string[], by: string) =>
    `SELECT ${FIELDS} FROM ${table} o WHERE ${[...conditions, ...more].join(' AND ')} ORDER BY ${by} ${limit}`;
  const walkOrder = stretched === null ? inner : `${stretched.column} ${direction}, ${inner}`;
  let sql = select('orders', [...walked, ...(prefix === null ? [] : [`${COUNT_FEW} > ${FEW}`])], walkOrder);
  if (walk !== undefined) {
    sql = `SELECT o.* FROM unnest(${walk.array}) AS v(value) CROSS JOIN LATERAL (${sql}) o ORDER BY ${outer} ${limit}`;
  }
  if (prefix !== null) {
    const few = select('few', [...among(walk === undefined ? [] : [walk]), `${COUNT_FEW} <= ${FEW}`], inner);
    sql = `SELECT o.* FROM ((${few}) UNION ALL (${sql})) o ORDER BY ${outer} ${limit}`;
  }
  if (byCustomer) {
    const each = `unnest(${bind(customers)}::text[]) WITH ORDINALITY AS c(customer_id, place)`;
    sql = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${sql}) o ORDER BY c.place, ${outer}`;
  }
  if (prefix !== null) {
    const few = readByPrefix(prefix, namesOf(ORDER_COLUMNS, 'o'), FEW + 1, bind);
    sql = `WITH few AS MATERIALIZED (${few}) ${sql}`;
  }
  return { statement: query<Order>(sql, RESULT_TYPES), values };
}

const FIELDS = selectList(ORDER_COLUMNS, 'o');
const RESULT_TYPES = resultTypes(ORDER_COLUMNS);

function among(lists: readonly List[]): string[] {
  return lists.map(({ array, column }) => `${column} = any(${array})`);
}

/**
 * If at most this number of orders match a prefix, all of them are read and sorted. PostgreSQL estimates that every
 * prefix matches 0.5 % of the orders and would filter a scan of all orders, which takes very long for a rare prefix.
 * The unused half of the statement is not executed.
 */
const FEW = 1_000;
const COUNT_FEW = '(SELECT count(*) FROM few)';

/**
 * The limit is a literal: for an unknown limit PostgreSQL plans for 10 % of all orders. A few sizes limit the number of
 * texts; rows beyond the limit are dropped.
 */
const LIMITS: readonly number[] = [2, 6, 11, 21, 51, 101];

/**
 * Whether the index of statuses must be used. There are few statuses, so PostgreSQL estimates that each is frequent and
 * would filter a scan of all orders, which takes very long for a rare status. With the condition as a range of (status,
 * sort key, id) instead of an equality, only that index provides the requested order.
 */
function isStretched({ filter, field }: OrderRange, { column }: List): boolean {
  const isIndexed = field === 'CREATED_AT' || (field === 'UPDATED_AT' && filter.customerId === null);
  return column === 'o.status' && isIndexed && textsOf(filter).length === 0;
}

/** One end of a range of the sort order. */
interface End {
  readonly key: string;
  readonly id: string;
  readonly inclusive: boolean;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Both ends of the scanned range, after the column with a single value if there is one. */
function segmentOf(range: OrderRange, walk: List | null, bind: Bind): string[] {
  const { filter, field, direction, after, before, inclusive } = range;
  const { name: column, type } = ORDER_COLUMNS[SORT_FIELDS[field]];
  const ascending = direction === 'ASC';
  const cursor = { low: ascending ? after : before, high: ascending ? before : after };
  const includes = { low: inclusive && ascending, high: inclusive && !ascending };
  const times = field === 'CREATED_AT' ? filter.createdAt : field === 'UPDATED_AT' ? filter.updatedAt : null;
  const bounds = {
    low: endAt(times?.gte, true),
    high: endAt(times?.lt, false),
  };
  const low = tighter(endOf(cursor.low, includes.low), bounds.low, true);
  const high = tighter(endOf(cursor.high, includes.high), bounds.high, false);
  const [names, meant] = walk === null ? [[], []] : [[walk.column], ['v.value']];
  const compare = (end: End | null, sign: '>' | '<') => {
    if (end === null) return walk === null ? [] : [`${walk.column} ${sign}= v.value`];
    const columns = [...names, `o.${column}`, 'o.id'].join(', ');
    const values = [...meant, `${bind(end.key)}::${type}`, `${bind(end.id)}::uuid`].join(', ');
    return [`(${columns}) ${sign}${end.inclusive ? '=' : ''} (${values})`];
  };
  return [...compare(low, '>'), ...compare(high, '<')];
}

function endAt(time: Date | null | undefined, inclusive: boolean): End | null {
  return time === null || time === undefined ? null : { key: time.toISOString(), id: FIRST_ID, inclusive };
}

function endOf(sortKey: SortKey | null, inclusive: boolean): End | null {
  return sortKey === null ? null : { ...sortKey, inclusive };
}

/**
 * The narrower end: the later of two lower ends, the earlier of two upper ends. A time bound lies before all orders of
 * its time, so it is the earlier end if both have the same time. Only time bounds are compared with a cursor, and their
 * texts sort like their times.
 */
function tighter(cursor: End | null, bound: End | null, isLow: boolean): End | null {
  if (cursor === null || bound === null) return cursor ?? bound;
  const isCursorLater = cursor.key >= bound.key;
  return isCursorLater === isLow ? cursor : bound;
}
