import type { Order } from '../../domain/order.js';
import type { CountRequest, OrderRange, OrderSelection, OrderSortField, TextSelection } from '../../orders/ports.js';
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
  return ranges.map((range) => (byCustomer.get(range.selection.customerId) ?? []).map(toOrder));
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
  const { column, type } = SORT_KEYS[range.field];
  const order = `ORDER BY o.${column} ${direction}, o.id ${direction}`;
  const limited = `${order} LIMIT ${bind(range.limit)}`;
  const [beyond, short] = direction === 'ASC' ? ['>', '<'] : ['<', '>'];
  const conditions = ['o.deleted_at IS NULL', ...boundsOf(selection, bind)];
  const between = (operator: string, { key, id }: { readonly key: string; readonly id: string }) =>
    `(o.${column}, o.id) ${operator} (${bind(key)}::${type}, ${bind(id)}::uuid)`;
  if (range.after !== null) conditions.push(between(range.inclusive ? `${beyond}=` : beyond, range.after));
  if (range.before !== null) conditions.push(between(short, range.before));
  const byCustomer = selection.customerId !== null;
  if (byCustomer) conditions.push('o.customer_id = c.customer_id');

  const lists = listsOf(selection, bind);
  conditions.push(...lists.map((list, index) => list.equals(`v${index}.value`)));
  let from = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE ${conditions.join(' AND ')} ${limited}`;
  if (lists.length > 0) {
    const each = lists.map(({ array }, index) => `unnest(${array}) AS v${index}(value)`).join(' CROSS JOIN ');
    from = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${from}) o ${limited}`;
  }
  if (byCustomer) {
    const each = `unnest(${bind(customers)}::text[]) WITH ORDINALITY AS c(customer_id, place)`;
    from = `SELECT o.* FROM ${each} CROSS JOIN LATERAL (${from}) o ORDER BY c.place, ${order.slice('ORDER BY '.length)}`;
  }
  return { sql: from, values };
}

/** A list of values, one of which a column must equal. */
interface List {
  readonly array: string;
  readonly equals: (value: string) => string;
}

function listsOf({ statuses, customerEmail, externalReference, number }: OrderSelection, bind: Bind): List[] {
  const lists: List[] = [];
  const add = (values: readonly string[], type: string, equals: List['equals']) =>
    lists.push({ array: `${bind(values)}::${type}[]`, equals });
  if (statuses !== null) add(statuses, 'order_status', (value) => `o.status = ${value}`);
  for (const { selection, column, type } of textsOf({ customerEmail, externalReference, number })) {
    if ('values' in selection) add(selection.values, type, (value) => `${column} = ${value}`);
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
  conditions.push(...listsOf(selection, bind).map(({ array, equals }) => equals(`any(${array})`)));
  if (customers !== null) conditions.push(`o.customer_id = any(${bind(customers)}::text[])`);
  const where = `FROM orders o WHERE ${conditions.join(' AND ')}`;
  const group = customers === null ? 'NULL::text' : 'o.customer_id';
  const counted = `${group} AS customer_id, count(*)::float8 AS count`;
  const grouped = customers === null ? '' : ' GROUP BY o.customer_id';
  if (limit === null) return { sql: `SELECT ${counted} ${where}${grouped}`, values };
  const some = `SELECT o.customer_id ${where} LIMIT ${bind(limit)}`;
  return { sql: `SELECT ${counted} FROM (${some}) o${grouped}`, values };
}
