import { expect, test } from 'vitest';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { PreparedDocuments } from '../../src/graphql/execution/prepared-documents.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createSubscriptionDocuments } from '../../src/http/subscription-documents.js';

test('subscriptions with the same text share one parsed document and keep their own variables', () => {
  const schema = createSchema();
  const prepare = createSubscriptionDocuments(schema, new PreparedDocuments(schema), {
    maxTokens: 100,
    maxCost: 100,
    rules: [],
    trusted: null,
  });
  const query = 'subscription ($id: ID) { orderStatusChanged(orderId: $id) { version } }';
  const prepared = ['1', '2'].map((id) => prepare({ query, variables: { id } }, OPEN_ADMIN));
  const [one, two] = prepared.map((each) => ('document' in each ? each : null));
  expect(one?.document).toBeDefined();
  expect(one?.document).toBe(two?.document);
  expect([one?.variableValues, two?.variableValues]).toEqual([{ id: '1' }, { id: '2' }]);
});
