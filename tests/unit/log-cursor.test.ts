import { expect, test } from 'vitest';
import { decodeLogCursor, encodeLogCursor, pointsAt } from '../../src/domain/log-cursor.js';
import { encodeCursor } from '../../src/domain/opaque-cursor.js';

const point = {
  position: 12_345_678_901_234_567n,
  orderId: '0198a6c0-5f0e-7a3b-9c1d-2e4f60718293',
  occurredAt: new Date('2026-11-22T04:00:00.123Z'),
};

test('a log cursor identifies one event at one position, without the full id of its order', () => {
  const text = encodeLogCursor(point);
  const cursor = decodeLogCursor(text, 'after');
  expect(cursor.position).toBe(point.position);
  expect(Buffer.from(text, 'base64url').toString()).not.toContain(point.orderId.slice(9, 18));
  expect(pointsAt(cursor, point)).toBe(true);
  expect(pointsAt(cursor, { ...point, position: point.position + 1n })).toBe(false);
  expect(pointsAt(cursor, { ...point, orderId: '0198a6c0-5f0e-7a3b-9c1d-2e4f60718294' })).toBe(false);
  expect(pointsAt(cursor, { ...point, occurredAt: new Date(point.occurredAt.getTime() + 1) })).toBe(false);
});

test.each([
  ['empty', ''],
  ['of another list', encodeCursor(['orders', '1', '60718293-1'])],
  ['with a negative position', encodeCursor(['log', '-1', '60718293-1'])],
  ['with the position 0', encodeCursor(['log', '0', '60718293-1'])],
  ['with a number as the position', encodeCursor(['log', 1, '60718293-1'])],
  ['with a position beyond those of the database', encodeCursor(['log', '9223372036854775808', '60718293-1'])],
  ['with another check', encodeCursor(['log', '1', "60718293-1' OR true --"])],
  ['without a check', encodeCursor(['log', '1'])],
  ['with a part more', encodeCursor(['log', '1', '60718293-1', null])],
  ['of an earlier version', encodeCursor(['log', '1', point.orderId, 1])],
])('a log cursor %s is invalid', (_what, text) => {
  expect(() => decodeLogCursor(text, 'after')).toThrow('after must be a cursor of the event log.');
});
