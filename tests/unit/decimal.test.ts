import { expect, test } from 'vitest';
import { readDecimal } from '../../src/domain/decimal.js';

test.each([
  ['12.50', '12.50'],
  ['-0.05', '-0.05'],
  ['1234567890123456.78', '1234567890123456.78'],
  [12.5, '12.5'],
  [0, '0'],
  [0.000001, '0.000001'],
  [123456789012345, '123456789012345'],
  [0.123456789012345, '0.123456789012345'],
])('%j is a decimal', (input, decimal) => {
  expect(readDecimal(input)).toEqual({ decimal });
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
  0.1 + 0.2,
  Number.NaN,
  Infinity,
])('%j is rejected with the broken rule', (input) => {
  expect(readDecimal(input)).toEqual({ rule: expect.stringMatching(/^must [^]{10,100}$/) as string });
});
