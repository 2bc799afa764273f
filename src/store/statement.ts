import type { Queryable, ReadQueryable } from '../database/database.js';
import { currentSpan, measure } from '../observability/span.js';
import type { PgTypeOf } from './columns.js';
import { statementSpan } from './statement-span.js';

/** A statement that returns rows, with the PostgreSQL type of each result column. A test compares them with the database. */
export interface Query<Row> {
  readonly sql: string;
  readonly columns: { readonly [Name in keyof Row]-?: PgTypeOf<Row[Name]> };
}

/** A statement that returns no rows. */
export interface Command {
  readonly sql: string;
  readonly columns: null;
}

export function query<Row>(sql: string, columns: Query<Row>['columns']): Query<Row> {
  return { sql, columns };
}

export function command(sql: string): Command {
  return { sql, columns: null };
}

export async function readRows<Row>(
  db: ReadQueryable,
  { sql }: Query<Row>,
  ...values: readonly unknown[]
): Promise<Row[]> {
  return traced(sql, () => db.$queryRawUnsafe<Row[]>(sql, ...values));
}

/** @returns how many rows were written */
export async function execute(db: Queryable, { sql }: Command, ...values: readonly unknown[]): Promise<number> {
  return traced(sql, () => db.$executeRawUnsafe(sql, ...values));
}

/** Statements have spans only in the batches of traced requests. */
function traced<T>(sql: string, run: () => Promise<T>): Promise<T> {
  const parent = currentSpan();
  if (parent === null) return run();
  const { name, options } = statementSpan(sql);
  return measure(parent.child(name, options), run);
}
