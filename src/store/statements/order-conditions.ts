import type { OrderFilter, TextFilter } from '../../orders/interfaces/order-filter.js';
import type { Query } from '../statement.js';

/** A query with the values of its placeholders. */
export interface BoundQuery<Row> {
  readonly statement: Query<Row>;
  readonly values: readonly unknown[];
}

/** Adds a value to a statement. @returns its placeholder */
export type Bind = (value: unknown) => string;

/** The parts of a filter other than its customer. Filters with equal parts are read by one statement. */
export function shapeOf({ customerId, ...rest }: OrderFilter): unknown {
  return [customerId === null, rest];
}

/** A list of values, one of which a column must equal. */
export interface List {
  readonly array: string;
  readonly column: string;
}

/** The lists of a filter, sorted by the expected number of orders per value, fewest first. */
export function listsOf(filter: OrderFilter, bind: Bind): List[] {
  const lists: List[] = [];
  const add = (column: string, values: readonly string[], type: string) =>
    lists.push({ column, array: `${bind(values)}::${type}[]` });
  for (const text of textsOf(filter)) {
    if ('values' in text.filter) add(text.column, text.filter.values, text.type);
  }
  if (filter.statuses !== null) add('o.status', filter.statuses, 'order_status');
  return lists;
}

export interface Text {
  readonly filter: TextFilter;
  readonly column: string;
  readonly type: 'text' | 'bigint';
}

export function textsOf(selections: Pick<OrderFilter, 'customerEmail' | 'externalReference' | 'number'>): Text[] {
  const { customerEmail, externalReference, number } = selections;
  const text = (filter: TextFilter | null, column: string, type: Text['type'] = 'text') =>
    filter === null ? [] : [{ filter, column, type }];
  return [
    ...text(number, 'o.number', 'bigint'),
    ...text(externalReference, 'o.external_reference'),
    ...text(customerEmail, 'lower(o.customer_email)'),
  ];
}

/** The conditions of a filter that bound a column. */
export function boundsOf(filter: OrderFilter, bind: Bind): string[] {
  const { isGuest, createdAt, updatedAt, total, currency } = filter;
  const conditions: string[] = isGuest === null ? [] : [`o.customer_id IS ${isGuest ? '' : 'NOT '}NULL`];
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
  for (const text of textsOf(filter)) {
    const column = filter.isPrivate === true ? withoutIndex(text) : text.column;
    if ('prefix' in text.filter) conditions.push(beginsLike(column, text.type, text.filter.prefix, bind));
  }
  return conditions;
}

/** An expression that has the value of the column, but no index. */
function withoutIndex({ column, type }: Text): string {
  return type === 'text' ? `(${column} || '')` : `(${column} + 0)`;
}

/** A prefix as segments of an index: one by bytes for texts, one for each possible number of digits for numbers. */
function beginsLike(column: string, type: Text['type'], prefix: string, bind: Bind): string {
  if (type === 'text') {
    const end = behindPrefix(prefix);
    const from = `${column} ~>=~ ${bind(prefix)}::text`;
    return end === null ? from : `${from} AND ${column} ~<~ ${bind(end)}::text`;
  }
  const segments = numbersLike(prefix).map(
    ([low, high]) => `${column} >= ${bind(low)}::bigint AND ${column} < ${bind(high)}::bigint`,
  );
  return `(${segments.join(' OR ')})`;
}

/** The segments of numbers that start with these digits. */
function numbersLike(prefix: string): [bigint, bigint][] {
  return Array.from({ length: MAX_DIGITS - prefix.length + 1 }, (_, more) => {
    const factor = 10n ** BigInt(more);
    const low = BigInt(prefix) * factor;
    return [low, low + factor];
  });
}

/**
 * The prefix of a filter by which orders of all customers are read: the one that is expected to match the fewest; null if a
 * list of texts matches fewer.
 */
export function prefixOf(filter: OrderFilter): Prefix | null {
  if (filter.isPrivate === true) return null;
  const texts = textsOf(filter);
  const prefixes = texts.flatMap(({ filter: text, ...rest }) => ('prefix' in text ? { ...rest, ...text } : []));
  if (prefixes.length < texts.length) return null;
  return prefixes.toSorted((left, right) => right.prefix.length - left.prefix.length)[0] ?? null;
}

export interface Prefix extends Pick<Text, 'column' | 'type'> {
  readonly prefix: string;
}

/**
 * At most `limit` orders with a prefix, read by the index of the prefix. The ORDER BY allows no other index.
 *
 * @param columns the selected columns of the table alias `o`
 */
export function readByPrefix({ column, type, prefix }: Prefix, columns: string, limit: number, bind: Bind): string {
  const read = (condition: string, operator: string) => `SELECT ${columns} FROM orders o
    WHERE o.deleted_at IS NULL AND ${condition} ORDER BY ${column} USING ${operator} LIMIT ${limit}`;
  if (type === 'text') return read(beginsLike(column, type, prefix, bind), '~<~');
  const segments = numbersLike(prefix);
  const [lows, highs] = [segments.map(([low]) => low), segments.map(([, high]) => high)];
  return `SELECT o.* FROM unnest(${bind(lows)}::bigint[], ${bind(highs)}::bigint[]) AS s(low, high)
    CROSS JOIN LATERAL (${read(`${column} >= s.low AND ${column} < s.high`, '<')}) o LIMIT ${limit}`;
}

const MAX_DIGITS = 18;
const LAST_CODE_POINT = 0x10ffff;

/**
 * The smallest text after all texts with this prefix, by code points, which is by bytes of UTF-8; null if there is
 * none.
 */
function behindPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === 0xd800 ? 0xe000 : last + 1; // no stored text contains a lone surrogate
  return String.fromCodePoint(...points, next);
}
