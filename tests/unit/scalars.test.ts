import { Kind } from 'graphql';
import { expect, test } from 'vitest';
import { Currency, DateTime, Decimal } from '../../src/graphql/scalars.js';

test.each([
  ['12.50', '12.50'],
  ['-0.05', '-0.05'],
  [12.5, '12.5'],
  [0, '0'],
  [0.000001, '0.000001'],
  [123456789012345, '123456789012345'],
  [0.123456789012345, '0.123456789012345'],
])('Decimal reads %j', (input, decimal) => {
  expect(Decimal.parseValue(input)).toBe(decimal);
});

test.each([
  '',
  '1.',
  '.5',
  '1,5',
  '1e3',
  '+1',
  ' 1',
  '0x10',
  '١',
  '1'.repeat(41),
  1e21,
  1e-7,
  1234567890123456,
  0.1234567890123456,
  Number.NaN,
  Infinity,
  true,
  null,
  {},
])('Decimal refuses %j', (input) => {
  expect(() => Decimal.parseValue(input)).toThrow(/Decimal/);
});

test('Decimal literals are read digit by digit, so they may be longer than a double', () => {
  expect(Decimal.parseLiteral({ kind: Kind.FLOAT, value: '1234567890123456.78' })).toBe('1234567890123456.78');
  expect(() => Decimal.parseLiteral({ kind: Kind.BOOLEAN, value: true })).toThrow(/Decimal/);
});

test('Currency is three capital letters', () => {
  expect(Currency.parseValue('EUR')).toBe('EUR');
  for (const wrong of ['eur', 'EURO', '', 978, null]) expect(() => Currency.parseValue(wrong)).toThrow(/Currency/);
});

test('DateTime goes over the wire as RFC 3339 in UTC', () => {
  expect(JSON.stringify(DateTime.serialize(new Date('2026-01-02T03:04:05.678Z')))).toBe('"2026-01-02T03:04:05.678Z"');
});
