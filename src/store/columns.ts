import type { CancelReason } from '../domain/order.js';
import type { OrderEventType } from '../domain/order-event.js';
import type { OrderStatus } from '../domain/lifecycle.js';

/** The PostgreSQL types in use, and what the driver delivers for each. */
interface DriverTypes {
  uuid: string;
  text: string;
  'text[]': readonly string[];
  integer: number;
  'double precision': number;
  bigint: bigint;
  'timestamptz(3)': Date;
  bytea: Uint8Array;
  jsonb: unknown;
  order_status: OrderStatus;
  order_event_type: OrderEventType;
  cancel_reason: CancelReason;
}

export type PgType = keyof DriverTypes;

/** The PostgreSQL types whose values the driver delivers as T, or as a wider type. */
export type PgTypeOf<T> = {
  [Type in PgType]: [NonNullable<T>] extends [DriverTypes[Type]] ? Type : never;
}[PgType];

/** The column of a field of type T. `select` is the type that it is converted to when it is read. */
export type Column<T> = {
  readonly name: string;
  readonly nullable: null extends T ? true : false;
} & ({ readonly type: PgTypeOf<T> } | { readonly type: PgType; readonly select: PgTypeOf<T> });

/** A column for each field of a row. A field without a column does not compile. */
export type Columns<Row> = { readonly [Field in keyof Row]-?: Column<Row[Field]> };

interface AnyColumn {
  readonly name: string;
  readonly type: PgType;
  readonly select?: PgType;
}

type AnyColumns = Readonly<Record<string, AnyColumn>>;

/** Names of columns for an INSERT or SELECT list, with an alias of their table where there is one. */
export function namesOf(columns: AnyColumns, alias?: string): string {
  const prefix = alias === undefined ? '' : `${alias}.`;
  return Object.values(columns)
    .map(({ name }) => prefix + name)
    .join(', ');
}

/** The SELECT list that delivers rows with the names of the fields, from a table under an alias. */
export function selectList(columns: AnyColumns, alias: string): string {
  return Object.entries(columns)
    .map(([field, { name, select }]) => {
      const value = select === undefined ? `${alias}.${name}` : `${alias}.${name}::${select}`;
      return field === name && select === undefined ? value : `${value} AS "${field}"`;
    })
    .join(', ');
}

/** The types of a SELECT list, by field. */
export function resultTypes<C extends AnyColumns>(columns: C): { readonly [Field in keyof C]: ResultType<C[Field]> } {
  const types = Object.entries(columns).map(([field, { type, select }]) => [field, select ?? type]);
  return Object.fromEntries(types) as { readonly [Field in keyof C]: ResultType<C[Field]> };
}

type ResultType<C extends AnyColumn> = C extends { readonly select: infer Select } ? Select : C['type'];

/** The column definitions by which `jsonb_to_recordset` reads what `documentOf` writes. */
export function recordType(columns: AnyColumns): string {
  return Object.values(columns)
    .map(({ name, type }) => `${name} ${type}`)
    .join(', ');
}

/** The SET list of an UPDATE from a source under an alias. */
export function setList(columns: AnyColumns, source: string): string {
  return Object.values(columns)
    .map(({ name }) => `${name} = ${source}.${name}`)
    .join(', ');
}

/** A JSON object by the names of columns. */
export type Document = Record<string, unknown>;

/**
 * Writes a row into the JSON object that a statement expands by `recordType`. Nulls are left out: short documents are
 * fast to write and to read.
 */
export function documentWriter<Row>(columns: { readonly [Field in keyof Row]?: AnyColumn }): (
  row: Row,
  document?: Document,
) => Document {
  const entries = Object.entries<AnyColumn>(columns as AnyColumns).map(
    ([field, { name }]) => [field as keyof Row, name] as const,
  );
  return (row, document = {}) => {
    for (const [field, name] of entries) {
      const value = row[field];
      if (value !== null) document[name] = toJson(value);
    }
    return document;
  };
}

function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return value;
}

/** The columns without those of some fields. */
export function omitColumns<C extends AnyColumns, Field extends keyof C>(
  columns: C,
  ...fields: readonly Field[]
): Omit<C, Field> {
  const omitted = new Set<PropertyKey>(fields);
  return Object.fromEntries(Object.entries(columns).filter(([field]) => !omitted.has(field))) as Omit<C, Field>;
}
