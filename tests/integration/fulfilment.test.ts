import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';

const ENV = { FULFILMENT: 'simulated', FULFILMENT_COMPLETE_AFTER_MS: '200', DATABASE_MIGRATE: 'always' };
const database = useDatabase();
const server = useServer(database, ENV);
const WAIT = { timeout: 20_000, interval: 50 };

async function historyOf(id: string): Promise<readonly object[]> {
  return database.sql(
    'SELECT to_status AS status, actor, actor_kind AS kind FROM order_events WHERE order_id = $1 ORDER BY version',
    [id],
  );
}

test('a new order becomes PROCESSING and COMPLETED, each once, by the server itself', async () => {
  const { id } = await createdOrder(server);
  const system = { actor: 'fulfilment', kind: 'system' };
  await expect
    .poll(() => historyOf(id), WAIT)
    .toEqual([
      { status: 'PENDING', actor: null, kind: 'admin' },
      { status: 'PROCESSING', ...system },
      { status: 'COMPLETED', ...system },
    ]);
});
