import { buildSchema, OperationTypeNode, printSchema } from 'graphql';
import { randomInt } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { ADDRESS, WHOLE } from '../support/order-documents.js';
import { createRandom } from '../support/random.js';
import { randomDocument } from '../support/sameness/random-document.js';
import { NEW_IDS, storeOrders, type StoredValues } from '../support/sameness/stored-orders.js';
import { exchange, expectSameExchange, post } from '../support/sameness/two-servers.js';

const DOCUMENTS = Number(process.env['SAMENESS_WRITES'] ?? 150);
const FIRST_SEED = process.env['FC_SEED'] === 'random' ? randomInt(2 ** 30) : 20_261_121;

// Each server has a database of its own, so that both execute the same writes on the same orders.
const plain = useServer(useDatabase(), { GRAPHQL_FAST_LANE: 'off' });
const withLane = useServer(useDatabase(), { GRAPHQL_FAST_LANE: 'on' });

let values: StoredValues;
beforeAll(async () => {
  await storeOrders(plain);
  values = {
    ...(await storeOrders(withLane)),
    ID: [...NEW_IDS, 'x'],
    Int: [0, 1, 2, 3, 5],
    Decimal: ['4.20', '0', 1, 2.5],
  };
});

const schema = buildSchema(printSchema(createSchema()));

/** Fields with values that contain new ids, times or positions. */
const without = new Set(['cursor', 'startCursor', 'endCursor', 'resumeCursor', 'processingTime', 'series']);

const STORED = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { ${WHOLE} } } } ${ADDRESS}`;

test('random writes have the same response and effect on the fast lane', async () => {
  const counts = { stored: 0, rejected: 0, failed: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + DOCUMENTS; seed += 1) {
    const random = createRandom(seed);
    const options = { operation: OperationTypeNode.MUTATION, depth: 4, values, without };
    const { text: query, operationName, variables } = randomDocument(schema, random, options);
    await exchange(withLane, post({ query, operationName: 'NoSuchOperation' })); // makes the document known
    for (const invalid of [0, 0, 0.03]) {
      const request = post({ query, operationName, variables: variables(invalid) });
      const expected = await exchange(plain, request);
      expectSameExchange({ request }, await exchange(withLane, request), expected);
      if (expected.status !== 200) counts.failed += 1;
      else if (expected.body.includes('"userErrors":[{')) counts.rejected += 1;
      else counts.stored += 1;
    }
  }
  const stored = post({ query: STORED, variables: { ids: NEW_IDS } });
  expect(await exchange(withLane, stored)).toEqual(await exchange(plain, stored));
  expect(counts.stored).toBeGreaterThan(DOCUMENTS / 2);
  expect(counts.rejected).toBeGreaterThan(DOCUMENTS / 2);
  process.stdout.write(`sameness of writes, seed ${FIRST_SEED}: ${JSON.stringify(counts)}\n`);
}, 600_000);
