import type { Order } from '../../domain/order.js';
import type { SortKey, OrderRange, OrderSortField } from '../../orders/interfaces/order-filter.js';
import type { ReadQueryable } from '../../database/database.js';
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

/** Everything of a range but whose orders are asked for: ranges that are alike in it are read by one statement. */
export function shapeOfRange({ filter, ...rest }: OrderRange): string {
  return JSON.stringify([shapeOf(filter), rest]);
}

/** Reads ranges that differ only in their customer. */
export async function readRanges(db: ReadQueryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
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
 * A keyset page. Each customer, and each value of one list (statuses are one), walks its own stretch of an index and
 * stops after `limit` rows, so a page costs the same wherever it lies and however rare its orders are; a filter beside a walk over
 * all orders would read everything in between. Only as many texts as there are combinations of what is given, so each
 * can be prepared.
 */
export function rangeQuery(range: OrderRange, customers: readonly string[]): BoundQuery<Order> {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const { filter, direction } = range;
  const field = SORT_FIELDS[range.field];
  const inner = `o.${ORDER_COLUMNS[field].name} ${direction}, o.id ${direction}`;
  const outer = `o."${field}" ${direction}, o.id ${direction}`; // of rows that have the names of the fields already
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
 * As long as a prefix means at most so many orders, all of them are read and sorted. PostgreSQL cannot tell: it takes a
 * prefix for a two-hundredth of all orders and would filter a walk over all of them, which never ends for a rare one.
 * The half of the statement that does not apply is not executed.
 */
const FEW = 1_000;
const COUNT_FEW = '(SELECT count(*) FROM few)';

/**
 * A limit stands in the text: for one it does not know, PostgreSQL plans as if a tenth of all orders were wanted. A few
 * sizes keep the texts few; what is read beyond the limit is dropped.
 */
const LIMITS: readonly number[] = [2, 6, 11, 21, 51, 101];

/**
 * Whether the index of statuses must be walked. Statuses are few, so PostgreSQL takes each for frequent and would rather
 * filter a walk over all orders, which never ends for a rare one. Said as a stretch of (status, sort key, id) instead of
 * an equality, only that index has the order that is asked for.
 */
function isStretched({ filter, field }: OrderRange, { column }: List): boolean {
  const isIndexed = field === 'CREATED_AT' || (field === 'UPDATED_AT' && filter.customerId === null);
  return column === 'o.status' && isIndexed && textsOf(filter).length === 0;
}

/** One end of a stretch of the ordering. */
interface End {
  readonly key: string;
  readonly id: string;
  readonly inclusive: boolean;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Both ends of what is walked, behind a column of which one value is meant where there is one. */
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
 * The end that leaves less: of two lower ones the later, of two upper ones the earlier. A bound begins before all
 * orders of its moment, so where both are of one moment it is the earlier. Only bounds in time meet a cursor here, and
 * their texts sort as they do.
 */
function tighter(cursor: End | null, bound: End | null, isLow: boolean): End | null {
  if (cursor === null || bound === null) return cursor ?? bound;
  const isCursorLater = cursor.key >= bound.key;
  return isCursorLater === isLow ? cursor : bound;
}
