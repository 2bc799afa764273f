/* Values that have a meaning to a parser: to SQL, LIKE, PostgreSQL arrays, JSON paths, headers, templates or JavaScript. */

/** A text without a meaning. */
export const MEANINGLESS = 'no such value';

/** Texts that a field may store as they are. */
export const STORABLE_TEXTS: readonly string[] = [
  "' OR '1'='1",
  "'; DROP TABLE orders; --",
  "') UNION SELECT id::text FROM orders --",
  "\\'; SELECT pg_sleep(60); --",
  '" OR ""="',
  '$1',
  '$$; SELECT 1; $$',
  '/* */',
  '%',
  '_',
  '\\',
  '\\%',
  '%a%',
  "a%' ESCAPE 'a",
  '{ann,bob}',
  '{}',
  'NULL',
  '{"ann","\\"}',
  "metadata->>'key'",
  '$.customerId',
  '$[*]',
  '{"$ne": null}',
  'a\r\nX-Injected: 1',
  'a\n{"level":60,"msg":"forged"}',
  'a%0d%0aX-Injected: 1',
  'a\u202Ebna\u2066',
  'a\u200Bn\u200Dn',
  'a\u0001\u001B[31m',
  'ａｎｎ',
  '__proto__',
  'constructor',
  'toString',
  '<script>alert(1)</script>',
  '${7*7}{{7*7}}',
  '../../etc/passwd',
  'undefined',
];

/** Texts that name numbers and times in notations other than the accepted one, or outside of their range. */
const NUMBERS: readonly string[] = [
  '１００１',
  '+1001',
  '01001',
  '1001.0',
  '1_001',
  '0x3e9',
  '9223372036854775808',
  '1'.repeat(40),
  '1e400',
  'NaN',
  '-Infinity',
  '0000-00-00T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
];

/** Texts that no field stores. */
const UNSTORABLE: readonly string[] = ['', ' ', 'a\0b', '\uD800', '\uFEFF', 'x'.repeat(3_000)];

const TEXTS: readonly string[] = [...STORABLE_TEXTS, ...NUMBERS, ...UNSTORABLE];

/** Values of JSON other than texts. */
const OTHER_VALUES: readonly unknown[] = [
  0,
  -1,
  2_147_483_648,
  1e308,
  true,
  null,
  [],
  ['ann', 'bob'],
  {},
  { $ne: null },
  JSON.parse('{"__proto__": {"customerId": "ann"}}'),
];

/** Values of any kind, most of which a scalar does not accept. */
export const ANY_VALUES: readonly unknown[] = [...OTHER_VALUES, ...NUMBERS, ...STORABLE_TEXTS.slice(0, 3)];

/** Values that scalars and enums accept, at the limits of their range or with a meaning in their content. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  Int: [0, -1, 2_147_483_647, -2_147_483_648],
  DateTime: ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000000001+14:00'],
  JSONObject: [
    Object.fromEntries(STORABLE_TEXTS.map((text) => [text, text])),
    JSON.parse('{"__proto__": {"__proto__": [1e308, -0, 0.1]}}'),
    { 'a\0b': 'a\0b' },
    { a: '\uD800' },
  ],
};

/** Scalars that accept every text. */
export const TEXT_SCALARS: readonly string[] = ['String', 'ID', 'EmailAddress', 'Currency', 'Decimal'];

export function valuesOf(type: string): readonly unknown[] {
  return TEXT_SCALARS.includes(type) ? TEXTS : (VALUES[type] ?? []);
}
