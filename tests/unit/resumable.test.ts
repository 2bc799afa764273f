import { buildSchema, parse, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createResumable } from '../../src/playground/resumable.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const compact = (query: string) => query.replaceAll(/\s+/g, ' ').trim();

test.each([
  [
    'subscription { orderChanged { id } }',
    {},
    'subscription { orderChanged(after: "C") { id playgroundCursor: resumeCursor } }',
    {},
  ],
  [
    'subscription S { a: orderChanged(orderId: "1", snapshot: true) { ...F } } fragment F on OrderEvent { id } query Q { eventLogEnd }',
    {},
    'subscription S { a: orderChanged(orderId: "1", after: "C") { ...F playgroundCursor: resumeCursor } } fragment F on OrderEvent { id } query Q { eventLogEnd }',
    {},
  ],
  [
    'subscription S($a: String, $s: Boolean!) { orderChanged(after: $a, snapshot: $s) { resumeCursor } }',
    { s: true },
    'subscription S($a: String, $s: Boolean!) { orderChanged(after: $a, snapshot: $s) { resumeCursor playgroundCursor: resumeCursor } }',
    { a: 'C', s: false },
  ],
  [
    'subscription { orderStatusChanged(after: "B") { id } }',
    {},
    'subscription { orderStatusChanged(after: "C") { id playgroundCursor: resumeCursor } }',
    {},
  ],
])('%s continues after a cursor', (query, variables, expected, expectedVariables) => {
  const resumable = createResumable({
    query,
    variables,
    operationName: query.startsWith('subscription S') ? 'S' : null,
  });
  const resumed = resumable?.after('C');
  expect([compact(resumed?.query ?? ''), resumed?.variables]).toEqual([
    expected,
    { ...variables, ...expectedVariables },
  ]);
  for (const sent of [resumable?.first, resumed]) {
    expect(validate(schema, parse(sent?.query ?? ''))).toEqual([]);
  }
  expect(resumable?.hasStart).toBe(/after|snapshot/.test(query));
});

test('the cursor of an event is not shown', () => {
  const resumable = createResumable({ query: 'subscription { a: orderChanged { resumeCursor } }' });
  const data = { a: { resumeCursor: 'C', playgroundCursor: 'C' } };
  expect(resumable?.split(data)).toEqual({ cursor: 'C', data: { a: { resumeCursor: 'C' } } });
  expect(resumable?.split({ a: null })).toEqual({ cursor: null, data: { a: null } });
});

test.each([
  '{ eventLogEnd }',
  'subscription {',
  'subscription { ...F } fragment F on Subscription { orderChanged { id } }',
])('%s is sent as it is', (query) => {
  expect(createResumable({ query })).toBeNull();
});
