import { types, type Pool, type QueryConfig } from 'pg';
import type { ReadQueryable } from './database.js';

/**
 * Runs statements outside of transactions, on the pool itself. Prisma turns each value of a raw result into text with a
 * type, and back: a fifth of the time that the server spent on a list. Transactions and models stay with Prisma. Errors
 * of `pg` have the SQLSTATE and the messages by which `classify` works, so they are handled as those of Prisma are.
 *
 * @param nameOf the name under which a statement is prepared; empty for none
 */
export function poolReads(pool: Pool, nameOf: (statement: { readonly sql: string }) => string): ReadQueryable {
  return {
    $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) => {
      const { rows } = await pool.query(statementOf(sql, values, nameOf));
      return rows as Rows;
    },
  };
}

export function statementOf(
  text: string,
  values: unknown[],
  nameOf: (statement: { readonly sql: string }) => string,
): QueryConfig {
  const name = nameOf({ sql: text });
  return { text, values, types: PARSERS, ...(name === '' ? {} : { name }) };
}

type TypeId = (typeof types.builtins)[keyof typeof types.builtins];

/** The values that Prisma delivers too: exact integers as bigint, and times as Date. */
const PARSERS: NonNullable<QueryConfig['types']> = {
  getTypeParser: ((oid: TypeId, format?: 'text') => {
    if (oid === types.builtins.TIMESTAMPTZ) return parseTime;
    return oid === types.builtins.INT8 ? BigInt : types.getTypeParser(oid, format);
  }) as typeof types.getTypeParser,
};

const UTC = '+00';

/** The text of a `timestamptz` in a session in UTC. `Date.parse` is fast for the format of ECMAScript. */
function parseTime(text: string): Date {
  if (!text.endsWith(UTC)) throw new Error(`a time is not in UTC: ${text}`);
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -UTC.length)}Z`);
}
