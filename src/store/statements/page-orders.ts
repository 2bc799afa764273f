import type { Order } from '../../domain/order.js';
import type { SortKey, OrderRange, OrderSortField } from '../../orders/interfaces/order-filter.js';
import type { ReadQueryable } from '../../database/database.js';
import { namesOf, omitColumns, resultTypes, selectList, type PgType } from '../columns.js';
import { DETAIL_COLUMNS, ORDER_COLUMNS } from '../order-columns.js';
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

/** What ranges must have in common to be read by one statement: everything but the customer and the cursors. */
export function shapeOfRange({ filter, after, before, ...rest }: OrderRange): string {
  return JSON.stringify([shapeOf(filter), after !== null, before !== null, rest]);
}

/** What ranges of one shape differ in. */
export function memberOfRange({ filter, after, before }: OrderRange): string {
  return JSON.stringify([filter.customerId, after, before]);
}

/** Reads ranges of one shape. */
export async function readRanges(db: ReadQueryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
  const [first] = ranges;
  if (first === undefined) return [];
  const { statement, values } = rangeQuery([first, ...ranges.slice(1)]);
  const found = ranges.map((): Order[] => []);
  for (const row of await readRows(db, statement, ...values)) found[row.range - 1]?.push(row);
  return found.map((orders) => (orders.length > first.limit ? orders.slice(0, first.limit) : orders));
}

/** An order, with the number of its range, from 1. */
type RangeRow = Order & { readonly range: number };

const SORT_FIELDS = {
  CREATED_AT: 'createdAt',
  UPDATED_AT: 'updatedAt',
  TOTAL: 'total',
} as const satisfies Readonly<Record<OrderSortField, keyof Order>>;

/**
 * Keyset pages. Each range, and each value of one list (statuses are one), walks its own stretch of an index and stops
 * after `limit` rows, so a page costs the same wherever it lies and however rare its orders are; a filter beside a walk
 * over all orders would read everything in between. The customers and cursors of the ranges are arrays, so that there
 * are only as many texts as there are combinations of conditions, and each can be prepared.
 */
export function rangeQuery(ranges: readonly [OrderRange, ...OrderRange[]]): BoundQuery<RangeRow> {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const [range] = ranges;
  const { filter, direction } = range;
  const field = SORT_FIELDS[range.field];
  const inner = `o.${ORDER_COLUMNS[field].name} ${direction}, o.id ${direction}`;
  const outer = `o."${field}" ${direction}, o.id ${direction}`; // the rows already have the names of the fields
  const limit = `LIMIT ${LIMITS.find((most) => most >= range.limit) ?? range.limit}`;
  const differing = differingBy(ranges, bind);
  const prefix = prefixOf(filter);
  const [walk, ...filters] = listsOf(filter, bind);
  const stretched = walk !== undefined && isStretched(range, walk) ? walk : null;
  const conditions = [
    'o.deleted_at IS NULL',
    ...boundsOf(filter, bind),
    ...among(filters),
    ...(differing.has('customer') ? ['o.customer_id = c.customer'] : []),
    ...segmentOf(range, { walk: stretched, differing, bind }),
  ];
  const walked = walk !== undefined && stretched === null ? [`${walk.column} = v.value`] : [];
  const fields = fieldsOf(range, differing.size > 0);
  const select = (table: string, more: readonly string[], by: string) =>
    `SELECT ${fields} FROM ${table} o WHERE ${[...conditions, ...more].join(' AND ')} ORDER BY ${by} ${limit}`;
  const walkOrder = stretched === null ? inner : `${stretched.column} ${direction}, ${inner}`;
  let sql = select('orders', [...walked, ...(prefix === null ? [] : [`${COUNT_FEW} > ${FEW}`])], walkOrder);
  if (walk !== undefined) {
    sql = `SELECT o.* FROM unnest(${walk.array}) AS v(value) CROSS JOIN LATERAL (${sql}) o ORDER BY ${outer} ${limit}`;
  }
  if (prefix !== null) {
    const few = select('few', [...among(walk === undefined ? [] : [walk]), `${COUNT_FEW} <= ${FEW}`], inner);
    sql = `SELECT o.* FROM ((${few}) UNION ALL (${sql})) o ORDER BY ${outer} ${limit}`;
  }
  if (differing.size > 0) {
    const each = `unnest(${[...differing.values()].join(', ')}) WITH ORDINALITY AS c(${[...differing.keys()].join(', ')}, range)`;
    sql = `SELECT o.*, c.range::integer FROM ${each} CROSS JOIN LATERAL (${sql}) o ORDER BY c.range, ${outer}`;
  }
  if (prefix !== null) {
    const few = readByPrefix(prefix, namesOf(ORDER_COLUMNS, 'o'), FEW + 1, bind);
    sql = `WITH few AS MATERIALIZED (${few}) ${sql}`;
  }
  return { statement: query<RangeRow>(sql, RESULT_TYPES), values };
}

const FIELDS = selectList(ORDER_COLUMNS, 'o');
const FIELDS_WITHOUT_DETAILS = [
  selectList(omitColumns(ORDER_COLUMNS, ...(Object.keys(DETAIL_COLUMNS) as (keyof typeof DETAIL_COLUMNS)[])), 'o'),
  ...Object.entries(DETAIL_COLUMNS).map(([field, empty]) => `${empty} AS "${field}"`),
].join(', ');

/** @param isNumbered whether the number of the range is added around this list */
function fieldsOf({ hasDetails }: OrderRange, isNumbered: boolean): string {
  const fields = hasDetails ? FIELDS : FIELDS_WITHOUT_DETAILS;
  return isNumbered ? fields : `${fields}, 1 AS range`;
}

const RESULT_TYPES = { ...resultTypes(ORDER_COLUMNS), range: 'integer' } as const;

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

/** One end of a stretch of the ordering: an order of a cursor, or a moment before all orders of it. */
type End = SortKey;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * The columns of `c`, which has a row for each range, with their arrays: what ranges of one shape differ in. The arrays are
 * in subqueries, which hide their lengths from the planner. With known lengths PostgreSQL plans each execution anew, because
 * it estimates a plan for few ranges to cost less than the generic one.
 */
function differingBy(ranges: readonly [OrderRange, ...OrderRange[]], bind: Bind): ReadonlyMap<Differing, string> {
  const [{ filter, field, ...first }] = ranges;
  const columns = new Map<Differing, string>();
  const add = (column: Differing, type: PgType, valueOf: (range: OrderRange) => unknown) =>
    columns.set(column, `(SELECT ${bind(ranges.map(valueOf))}::${type}[])`);
  if (filter.customerId !== null) add('customer', 'text', (range) => range.filter.customerId);
  const { type } = ORDER_COLUMNS[SORT_FIELDS[field]];
  for (const side of ['low', 'high'] as const) {
    if (cursorsOf(first)[side] === null) continue;
    add(`${side}_key`, type, (range) => endsOf(range)[side]?.key);
    add(`${side}_id`, 'uuid', (range) => endsOf(range)[side]?.id);
  }
  return columns;
}

type Differing = 'customer' | `${Side}_${'key' | 'id'}`;

type Side = 'low' | 'high';

interface Stretch {
  /** A column of which each value has a stretch of its own. */
  readonly walk: List | null;
  readonly differing: ReadonlyMap<Differing, string>;
  readonly bind: Bind;
}

/** The conditions of both ends of what is walked. */
function segmentOf(range: OrderRange, { walk, differing, bind }: Stretch): string[] {
  const { name: column, type } = ORDER_COLUMNS[SORT_FIELDS[range.field]];
  const includedSide: Side | null = !range.inclusive ? null : range.direction === 'ASC' ? 'low' : 'high';
  const ends = endsOf(range);
  const [names, meant] = walk === null ? [[], []] : [[walk.column], ['v.value']];
  const compare = (side: Side, sign: '>' | '<') => {
    const end = ends[side];
    if (end === null) return walk === null ? [] : [`${walk.column} ${sign}= v.value`];
    const columns = [...names, `o.${column}`, 'o.id'].join(', ');
    const key = differing.has(`${side}_key`)
      ? [`c.${side}_key`, `c.${side}_id`]
      : [`${bind(end.key)}::${type}`, `${bind(end.id)}::uuid`];
    return [`(${columns}) ${sign}${side === includedSide ? '=' : ''} (${[...meant, ...key].join(', ')})`];
  };
  return [...compare('low', '>'), ...compare('high', '<')];
}

/** The cursors of a range, as ends of the ascending order. */
function cursorsOf({ direction, after, before }: Pick<OrderRange, 'direction' | 'after' | 'before'>) {
  return direction === 'ASC' ? { low: after, high: before } : { low: before, high: after };
}

/** Both ends of a range: at its cursors, or at the bounds in time of its filter where these leave less. */
function endsOf(range: OrderRange): Readonly<Record<Side, End | null>> {
  const { filter, field } = range;
  const { low, high } = cursorsOf(range);
  const times = field === 'CREATED_AT' ? filter.createdAt : field === 'UPDATED_AT' ? filter.updatedAt : null;
  return { low: tighter(low, endAt(times?.gte), true), high: tighter(high, endAt(times?.lt), false) };
}

function endAt(time: Date | null | undefined): End | null {
  return time === null || time === undefined ? null : { key: time.toISOString(), id: FIRST_ID };
}

/**
 * The end that leaves less: of two lower ones the later, of two upper ones the earlier. A bound begins before all
 * orders of its moment, so where both are of one moment it is the earlier. Only bounds in time meet a cursor here, and
 * their texts sort as they do. No order has the id of a bound, so it does not matter whether that is included.
 */
function tighter(cursor: End | null, bound: End | null, isLow: boolean): End | null {
  if (cursor === null || bound === null) return cursor ?? bound;
  const isCursorLater = cursor.key >= bound.key;
  return isCursorLater === isLow ? cursor : bound;
}
