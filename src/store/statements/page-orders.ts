import type { Order } from '../../domain/order.js';
import type {
  CountRequest,
  OrderPlace,
  OrderRange,
  OrderSelection,
  OrderSortField,
  TextSelection,
} from '../../orders/ports.js';
import type { Queryable } from '../database.js';
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../rows.js';

/** Everything of a selection but which customer's: what is alike in it is read by one statement. */
function shapeOf({ customerId, ...rest }: OrderSelection): unknown {
  return [customerId === null, rest];
}

/** Everything of a range but whose orders are asked for: ranges that are alike in it are read by one statement. */
export function shapeOfRange({ selection, ...rest }: OrderRange): string {
  return JSON.stringify([shapeOf(selection), rest]);
}

/** Reads ranges that differ only in their customer. */
export async function readRanges(db: Queryable, ranges: readonly OrderRange[]): Promise<Order[][]> {
  const [first] = ranges;
  if (first === undefined) return [];
  const customers = ranges.flatMap(({ selection }) => selection.customerId ?? []);
  const { sql, values } = rangeStatement(first, customers);
  const rows = await db.$queryRawUnsafe<OrderRow[]>(sql, ...values);
  const byCustomer = Map.groupBy(rows, (row) => (first.selection.customerId === null ? null : row.customer_id));
  return ranges.map((range) => (byCustomer.get(range.selection.customerId) ?? []).slice(0, range.limit).map(toOrder));
}

interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

type Bind = (value: unknown) => string;

const SORT_KEYS: Readonly<Record<OrderSortField, { readonly column: string; readonly type: string }>> = {
  CREATED_AT: { column: 'created_at', type: 'timestamptz(3)' },
  UPDATED_AT: { column: 'updated_at', type: 'timestamptz(3)' },
  TOTAL: { column: 'total', type: 'bigint' },
};

/**
 * A keyset page. Each status, each customer and each value of a list walks its own stretch of an index and stops after
 * `limit` rows, so a page costs the same wherever it lies and however rare its orders are; a filter beside a walk over
 * all orders would read everything in between. Only as many texts as there are combinations of what is given, so each
 * can be prepared.
 */
function rangeStatement(range: OrderRange, customers: readonly string[]): Statement {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const { selection, direction } = range;
  const { column } = SORT_KEYS[range.field];
  const order = `o.${column} ${direction}, o.id ${direction}`;
  const limit = `LIMIT ${LIMITS.find((most) => most >= range.limit) ?? range.limit}`;
  const byCustomer = selection.customerId !== null;
  const lists = listsOf(selection, bind);
  const walked = walkedColumns(range);
  const isWalked = (name: string) => walked.some((walk) => walk.column === name);
  const conditions = [
    'o.deleted_at IS NULL',
    ...boundsOf(selection, bind),
    ...lists.flatMap((list, index) => (isWalked(list.column) ? [] : `${list.column} = v${index}.value`)),
    ...(byCustomer ? ['o.customer_id = c.customer_id'] : []),
    ...stretchOf(range, walked, bind),
  ];
  const inner = [...walked.map((walk) => `${walk.column} ${direction}`), order].join(', ');
  let from = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE ${conditions.join(' AND ')} ORDER BY ${inner} ${limit}`;
  if (lists.length > 0) {
    const each = lists.map(({ array }, index) => `unnest(${array}) AS v${index}(value)`).join(' CROSS JOIN ');
    from = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${from}) o ORDER BY ${order} ${limit}`;
  }
  if (byCustomer) {
    const each = `unnest(${bind(customers)}::text[]) WITH ORDINALITY AS c(customer_id, place)`;
    from = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${from}) o ORDER BY c.place, ${order}`;
  }
  return { sql: from, values };
}

/**
 * A limit stands in the text: for one it does not know, PostgreSQL plans as if a tenth of all orders were wanted. A few
 * sizes keep the texts few; what is read beyond the limit is dropped.
 */
const LIMITS: readonly number[] = [2, 6, 11, 21, 51, 101];

/** A column that is walked along in an index, and the one value of it that is meant. */
interface Walk {
  readonly column: string;
  readonly value: string;
}

/**
 * The columns before the sort key in the index that must be walked. Statuses are few, so PostgreSQL takes each for
 * frequent and would rather filter a walk over all orders, which never ends for a rare one. Said as a stretch of
 * (status, sort key, id) instead of an equality, only that index has the order that is asked for.
 */
function walkedColumns({ selection, field }: OrderRange): readonly Walk[] {
  const { statuses, customerId } = selection;
  if (statuses === null || textsOf(selection).length > 0) return [];
  const isIndexed = field === 'CREATED_AT' || (field === 'UPDATED_AT' && customerId === null);
  return isIndexed ? [{ column: 'o.status', value: 'v0.value' }] : []; // statuses are the first list
}

/** One end of a stretch of the ordering. */
interface End {
  readonly key: string;
  readonly id: string;
  readonly inclusive: boolean;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Both ends of what is walked. */
function stretchOf(range: OrderRange, walked: readonly Walk[], bind: Bind): string[] {
  const { selection, field, direction, after, before, inclusive } = range;
  const { column, type } = SORT_KEYS[field];
  const ascending = direction === 'ASC';
  const cursor = { low: ascending ? after : before, high: ascending ? before : after };
  const includes = { low: inclusive && ascending, high: inclusive && !ascending };
  const times = field === 'CREATED_AT' ? selection.createdAt : field === 'UPDATED_AT' ? selection.updatedAt : null;
  const [gte, lt] = [times?.gte, times?.lt].map((time) => time?.toISOString());
  const low = tighter(
    cursor.low,
    includes.low,
    gte === undefined ? null : { key: gte, id: FIRST_ID, inclusive: true },
    true,
  );
  const high = tighter(
    cursor.high,
    includes.high,
    lt === undefined ? null : { key: lt, id: FIRST_ID, inclusive: false },
    false,
  );
  const names = walked.map((walk) => walk.column);
  const meant = walked.map((walk) => walk.value);
  const compare = (end: End | null, sign: '>' | '<') => {
    if (end === null) return walked.length === 0 ? [] : [`(${names.join(', ')}) ${sign}= (${meant.join(', ')})`];
    const place = [...meant, `${bind(end.key)}::${type}`, `${bind(end.id)}::uuid`];
    return [
      `(${[...names, `o.${column}`, 'o.id'].join(', ')}) ${sign}${end.inclusive ? '=' : ''} (${place.join(', ')})`,
    ];
  };
  return [...compare(low, '>'), ...compare(high, '<')];
}

/** The end that leaves less: of the lower ones the later, of the upper ones the earlier. */
function tighter(cursor: OrderPlace | null, inclusive: boolean, bound: End | null, isLow: boolean): End | null {
  if (cursor === null) return bound;
  const own = { ...cursor, inclusive };
  if (bound === null || bound.key === own.key) return own; // a cursor is never outside of its own list's bounds
  return bound.key > own.key === isLow ? bound : own;
}

/** A list of values, one of which a column must equal. */
interface List {
  readonly array: string;
  readonly column: string;
}

function listsOf(selection: OrderSelection, bind: Bind): List[] {
  const lists: List[] = [];
  const add = (column: string, values: readonly string[], type: string) =>
    lists.push({ column, array: `${bind(values)}::${type}[]` });
  if (selection.statuses !== null) add('o.status', selection.statuses, 'order_status');
  for (const text of textsOf(selection)) {
    if ('values' in text.selection) add(text.column, text.selection.values, text.type);
  }
  return lists;
}

interface Text {
  readonly selection: TextSelection;
  readonly column: string;
  readonly type: 'text' | 'bigint';
}

function textsOf(selections: Pick<OrderSelection, 'customerEmail' | 'externalReference' | 'number'>): Text[] {
  const { customerEmail, externalReference, number } = selections;
  const text = (selection: TextSelection | null, column: string, type: Text['type'] = 'text') =>
    selection === null ? [] : [{ selection, column, type }];
  return [
    ...text(customerEmail, 'lower(o.customer_email)'),
    ...text(externalReference, 'o.external_reference'),
    ...text(number, 'o.number', 'bigint'),
  ];
}

/** Everything of a selection that bounds a column. */
function boundsOf(selection: OrderSelection, bind: Bind): string[] {
  const { createdAt, updatedAt, total, currency } = selection;
  const conditions: string[] = [];
  const bound = (column: string, operator: string, value: unknown, type: string) => {
    if (value !== null && value !== undefined) conditions.push(`o.${column} ${operator} ${bind(value)}::${type}`);
  };
  bound('created_at', '>=', createdAt?.gte, 'timestamptz(3)');
  bound('created_at', '<', createdAt?.lt, 'timestamptz(3)');
  bound('updated_at', '>=', updatedAt?.gte, 'timestamptz(3)');
  bound('updated_at', '<', updatedAt?.lt, 'timestamptz(3)');
  bound('total', '>=', total?.gte, 'bigint');
  bound('total', '<=', total?.lte, 'bigint');
  bound('currency', '=', currency, 'text');
  for (const text of textsOf(selection)) {
    if ('prefix' in text.selection) conditions.push(beginsLike(text.column, text.type, text.selection.prefix, bind));
  }
  return conditions;
}

/** A prefix as a stretch of an index: by bytes for texts, by as many stretches as there may be digits for numbers. */
function beginsLike(column: string, type: Text['type'], prefix: string, bind: Bind): string {
  if (type === 'text') {
    const end = behindPrefix(prefix);
    const from = `${column} ~>=~ ${bind(prefix)}::text`;
    return end === null ? from : `${from} AND ${column} ~<~ ${bind(end)}::text`;
  }
  const stretches: string[] = [];
  for (let digits = prefix.length; digits <= MAX_DIGITS; digits += 1) {
    const factor = 10n ** BigInt(digits - prefix.length);
    const low = BigInt(prefix) * factor;
    stretches.push(`${column} >= ${bind(low)}::bigint AND ${column} < ${bind(low + factor)}::bigint`);
  }
  return `(${stretches.join(' OR ')})`;
}

const MAX_DIGITS = 18;
const LAST_CODE_POINT = 0x10ffff;

/** The least text behind all that begin like this, by code points (which is by bytes of UTF-8); null where there is none. */
function behindPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === 0xd800 ? 0xe000 : last + 1; // no text holds half of a surrogate pair
  return String.fromCodePoint(...points, next);
}

/** Everything of a count but whose orders are counted: counts alike in it are made by one statement. */
export function shapeOfCount({ selection, limit }: CountRequest): string {
  // A bounded count stops early, so it is made for one customer at a time.
  return JSON.stringify([shapeOf(selection), limit, limit === null ? null : selection.customerId]);
}

/** Counts selections that differ only in their customer; exactly, or up to a limit. */
export async function countOrders(db: Queryable, requests: readonly CountRequest[]): Promise<number[]> {
  const [first] = requests;
  if (first === undefined) return [];
  const customers = requests.flatMap(({ selection }) => selection.customerId ?? []);
  const { sql, values } = countStatement(first, first.selection.customerId === null ? null : customers);
  const rows = await db.$queryRawUnsafe<{ customer_id: string | null; count: number }[]>(sql, ...values);
  const byCustomer = new Map(rows.map((row) => [row.customer_id, row.count]));
  return requests.map(({ selection }) => byCustomer.get(selection.customerId) ?? 0);
}

function countStatement({ selection, limit }: CountRequest, customers: readonly string[] | null): Statement {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const conditions = ['o.deleted_at IS NULL', ...boundsOf(selection, bind)];
  conditions.push(...listsOf(selection, bind).map(({ array, column }) => `${column} = any(${array})`));
  if (customers !== null) conditions.push(`o.customer_id = any(${bind(customers)}::text[])`);
  const where = `FROM orders o WHERE ${conditions.join(' AND ')}`;
  const group = customers === null ? 'NULL::text' : 'o.customer_id';
  const counted = `${group} AS customer_id, count(*)::float8 AS count`;
  const grouped = customers === null ? '' : ' GROUP BY o.customer_id';
  if (limit === null) return { sql: `SELECT ${counted} ${where}${grouped}`, values };
  const some = `SELECT o.customer_id ${where} LIMIT ${bind(limit)}`;
  return { sql: `SELECT ${counted} FROM (${some}) o${grouped}`, values };
}
