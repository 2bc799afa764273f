import currencyCodes from 'currency-codes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draftOrder } from '../support/drafts.js';
import { CURRENCY_EXPONENTS, formatMoney, MAX_MINOR, toMinor } from '../../src/domain/money.js';

const currencies = fc.constantFrom('USD', 'JPY', 'KWD', 'CLF');
const exponentOf = (currency: string) => CURRENCY_EXPONENTS.get(currency) ?? Number.NaN;

test('the currencies and their exponents are those of ISO 4217', () => {
  const published = new Map(currencyCodes.data.map(({ code, digits }) => [code, digits]));
  const wrong = [...CURRENCY_EXPONENTS].filter(
    ([code, exponent]) => published.has(code) && published.get(code) !== exponent,
  );
  expect(wrong).toEqual([]);
  const noMoney = /^(X(AG|AU|PD|PT|BA|BB|BC|BD|DR|SU|TS|XX|UA))$/; // metals, bond units, drawing rights, tests
  const missing = [...published.keys()].filter((code) => !CURRENCY_EXPONENTS.has(code) && !noMoney.test(code));
  expect(missing.filter((code) => !WITHDRAWN.has(code))).toEqual([]);
});

/** Listed by the `currency-codes` package but withdrawn from ISO 4217. */
const WITHDRAWN = new Set(['ANG', 'BGN', 'HRK', 'SLL', 'ZWL', 'CUC', 'VED', 'ZWG', 'XCG']);

test('formatted amounts are read back exactly', () => {
  fc.assert(
    fc.property(fc.bigInt(-MAX_MINOR, MAX_MINOR), currencies, (minor, currency) => {
      expect(toMinor(formatMoney({ minor, currency }), exponentOf(currency))).toBe(minor);
    }),
  );
});

test('an amount has exactly as many decimals as its currency', () => {
  expect(formatMoney({ minor: 5n, currency: 'USD' })).toBe('0.05');
  expect(formatMoney({ minor: -5n, currency: 'KWD' })).toBe('-0.005');
  expect(formatMoney({ minor: 1250n, currency: 'JPY' })).toBe('1250');
  expect(() => formatMoney({ minor: 1n, currency: 'XXX' })).toThrow('XXX');
});

test('zeros after the last decimal are ignored; other digits are too many decimals', () => {
  expect(toMinor('1.500', 2)).toBe(150n);
  expect(toMinor('7.0', 0)).toBe(7n);
  expect(toMinor('1.505', 2)).toBe('too-many-decimals');
  expect(toMinor('0.1', 0)).toBe('too-many-decimals');
});

test('the maximum amount of the column is accepted, and a larger one is out of range', () => {
  expect(toMinor('92233720368547758.07', 2)).toBe(MAX_MINOR);
  expect(toMinor('92233720368547758.08', 2)).toBe('out-of-range');
});

test('the total of an order is the exact sum of its lines', () => {
  const line = fc.record({ minor: fc.bigInt(0n, 10n ** 12n), quantity: fc.integer({ min: 1, max: 1_000_000 }) });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 200 }),
      fc.constantFrom('USD', 'JPY', 'KWD'),
      (lines, currency) => {
        const items = lines.map(({ minor, quantity }) => ({
          name: 'x',
          quantity,
          unitPrice: formatMoney({ minor, currency }),
        }));
        const exact = lines.reduce((sum, { minor, quantity }) => sum + minor * BigInt(quantity), 0n);
        const drafted = draftOrder({ currency, items }, ['input']);
        if (exact > MAX_MINOR)
          expect(drafted).toMatchObject({ problems: [{ code: 'LIMIT_EXCEEDED', field: ['input', 'items'] }] });
        else expect(drafted).toMatchObject({ draft: { total: exact, subtotal: exact } });
      },
    ),
  );
});
