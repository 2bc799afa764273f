import { OperationTypeNode } from 'graphql';
import { randomInt } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { Viewer } from '../../src/domain/viewer.js';
import { createRandom } from '../support/random.js';
import { expectSameResult, prepare, useUnhandledRejections } from '../support/sameness/both-executors.js';
import { storeOrders, type StoredValues } from '../support/sameness/stored-orders.js';
import { randomDocument } from '../support/sameness/random-document.js';
import { useViewers } from '../support/viewer-client.js';

const EXECUTIONS = Number(process.env['SAMENESS_REQUESTS'] ?? 500);
const FIRST_SEED = process.env['FC_SEED'] === 'random' ? randomInt(2 ** 30) : 20_261_121;

const viewers = useViewers();
const unhandled = useUnhandledRejections();
const VIEWERS: readonly Viewer[] = [
  { issuer: '', subject: null, roles: ['admin'] },
  { issuer: 'issuer', subject: 'alice', roles: ['customer'] },
];

/** Fields whose value is the time of the request. */
const TIMES = new Set(['asOf']);

let values: StoredValues;
beforeAll(async () => {
  values = await storeOrders(viewers.as({ issuer: '', subject: null, roles: ['admin'] }));
});

test('random reads of stored orders have the data and errors of graphql-js', async () => {
  const counts = { executed: 0, errors: 0, characters: 0 };
  for (let seed = FIRST_SEED; counts.executed < EXECUTIONS; seed += 1) {
    const random = createRandom(seed);
    const viewer = random.pick(VIEWERS);
    const options = { operation: OperationTypeNode.QUERY, depth: random.pick([3, 4]), values, without: TIMES };
    const document = randomDocument(viewers.schema, random, options);
    const prepared = prepare(viewers.schema, document);
    if (prepared === null) continue;
    for (const invalid of [0, 0, 0.05]) {
      const environment = () => ({ rootValue: undefined, context: viewers.contextOf(viewer) });
      const comparison = { variables: document.variables(invalid), environment, isTimingFree: true };
      const outcome = await expectSameResult(prepared, comparison, unhandled);
      if (outcome.isExecuted) counts.executed += 1;
      counts.errors += outcome.errors;
      counts.characters += outcome.characters;
    }
  }
  process.stdout.write(`sameness of reads, seed ${FIRST_SEED}: ${JSON.stringify(counts)}\n`);
  expect(counts.characters / counts.executed).toBeGreaterThan(100); // many of them find orders
}, 600_000);
