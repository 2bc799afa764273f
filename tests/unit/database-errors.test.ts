import { expect, test } from 'vitest';
import { classify } from '../../src/database/database-errors.js';

/** The error that Prisma throws if PostgreSQL rejects a raw query. */
function raw(sqlState: string): Error {
  const meta = {
    driverAdapterError: { name: 'DriverAdapterError', cause: { originalCode: sqlState, kind: 'postgres' } },
  };
  return Object.assign(new Error(`Raw query failed. Code: \`${sqlState}\`.`), { code: 'P2010', meta });
}

test.each([
  ['22003', 'data'],
  ['23505', 'data'],
  ['23514', 'data'],
  ['40001', 'conflict'],
  ['40P01', 'conflict'],
  ['55P03', 'lock'],
  ['57014', 'unavailable'],
  ['53300', 'unavailable'],
  ['57P01', 'connection'],
  ['57P02', 'connection'],
  ['57P05', 'connection'],
  ['25006', 'unavailable'],
  ['58P01', 'unavailable'],
  ['58030', 'unavailable'],
  ['XX001', 'internal-error'],
  ['57P03', 'unavailable'],
  ['25P03', 'connection'],
  ['08006', 'connection'],
  ['42601', 'unexpected'],
  ['XX000', 'internal-error'],
])('SQLSTATE %s is classified as %s', (sqlState, kind) => {
  expect(classify(raw(sqlState))).toEqual({ kind, sqlState });
  expect(classify(new Error('wrapped', { cause: raw(sqlState) })).kind).toBe(kind);
});

test.each([
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }),
  new Error('Connection terminated unexpectedly'),
  new Error('Connection terminated due to connection timeout'),
  Object.assign(new Error('Server has closed the connection.'), { code: 'P1017' }),
])('%s is classified as a lost connection', (error) => {
  expect(classify(error)).toEqual({ kind: 'connection', sqlState: null });
});

test.each([
  new Error('timeout exceeded when trying to connect'),
  Object.assign(new Error('Transaction API error: Unable to start a transaction in the given time.'), {
    code: 'P2028',
  }),
])('%s is not retried: no connection was free', (error) => {
  expect(classify(error)).toEqual({ kind: 'unavailable', sqlState: null });
});

test('the Prisma error of a write conflict is classified as a conflict; unknown errors are unexpected', () => {
  expect(classify(Object.assign(new Error('conflict'), { code: 'P2034' })).kind).toBe('conflict');
  for (const thrown of [new TypeError('x is undefined'), 'text', null, undefined])
    expect(classify(thrown).kind).toBe('unexpected');
});
