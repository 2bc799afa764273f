import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { expect, test } from 'vitest';
import type { PgType } from '../../src/store/columns.js';
import { createCopyBuffer, fieldsWriter, finished, startRow } from '../../src/store/copy-format.js';
import { useDatabase } from '../support/fixture.js';

const database = useDatabase();

/** Values of a type, and the text of each in PostgreSQL. */
const VALUES: readonly (readonly [type: PgType, values: readonly (readonly [value: unknown, text: string])[]])[] = [
  ['uuid', [['0192f0a1-ffee-7abc-8def-0123456789ab', '0192f0a1-ffee-7abc-8def-0123456789ab']]],
  [
    'text',
    [
      ['', ''],
      ['Tea\tfor "two"\\\n', 'Tea\tfor "two"\\\n'],
      ['Crème 大阪 🍵', 'Crème 大阪 🍵'],
      [`${'long '.repeat(50_000)}é`, `${'long '.repeat(50_000)}é`],
    ],
  ],
  [
    'text[]',
    [
      [[], '{}'],
      [['status', 'a "b" \\ c, {d}', ''], '{status,"a \\"b\\" \\\\ c, {d}",""}'],
    ],
  ],
  [
    'integer',
    [
      [2_147_483_647, '2147483647'],
      [-2_147_483_648, '-2147483648'],
    ],
  ],
  ['double precision', [[-0.1, '-0.1']]],
  [
    'bigint',
    [
      [9_223_372_036_854_775_807n, '9223372036854775807'],
      [-5n, '-5'],
    ],
  ],
  [
    'timestamptz(3)',
    [
      [new Date('2026-11-22T09:30:00.123Z'), '2026-11-22 09:30:00.123+00'],
      [new Date('1969-12-31T23:59:59.999Z'), '1969-12-31 23:59:59.999+00'],
    ],
  ],
  ['bytea', [[Uint8Array.of(0, 92, 255), '\\x005cff']]],
  [
    'jsonb',
    [[{ name: 'Zoë', at: new Date(0), none: null }, '{"at": "1970-01-01T00:00:00.000Z", "name": "Zoë", "none": null}']],
  ],
  ['order_status', [['PENDING', 'PENDING']]],
  ['order_event_type', [['CREATED', 'CREATED']]],
  ['cancel_reason', [['FRAUD', 'FRAUD']]],
];

test.each(VALUES)('PostgreSQL reads the values of %s that are encoded for COPY', async (type, values) => {
  const client = await database.connect();
  await client.query(`CREATE TEMPORARY TABLE copied (number integer, value ${type})`);
  const write = fieldsWriter<{ number: number; value: unknown }>({ number: { type: 'integer' }, value: { type } });
  const target = createCopyBuffer();
  for (const [number, value] of [...values.map(([each]) => each), null].entries()) {
    startRow(target, 2);
    write(target, { number, value });
  }
  const copy = client.query(copyFrom('COPY copied FROM STDIN (FORMAT binary)'));
  await pipeline(Readable.from([finished(target)]), copy);
  const { rows } = await client.query<{ text: string | null }>(
    'SELECT value::text AS text FROM copied ORDER BY number',
  );
  expect(rows.map(({ text }) => text)).toEqual([...values.map(([, text]) => text), null]);
});

test('the buffer grows with its rows', async () => {
  const client = await database.connect();
  await client.query('CREATE TEMPORARY TABLE copied (value uuid)');
  const write = fieldsWriter<{ value: string }>({ value: { type: 'uuid' } });
  const target = createCopyBuffer();
  for (let number = 0; number < 150_000; number += 1) {
    startRow(target, 1);
    write(target, { value: `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}` });
  }
  const copy = client.query(copyFrom('COPY copied FROM STDIN (FORMAT binary)'));
  await pipeline(Readable.from([finished(target)]), copy);
  const { rows } = await client.query('SELECT count(DISTINCT value)::int AS count FROM copied');
  expect(rows).toEqual([{ count: 150_000 }]);
});
