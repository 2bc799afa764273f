import { expect, test } from 'vitest';
import { postgresOn, usedDataDir } from '../support/embedded.js';
import { startProcess } from '../support/process.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

test('a signal under load shuts the server down, and every acknowledged order is stored', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  const acknowledged: string[] = [];
  const failures: unknown[] = [];
  const callers = Array.from({ length: 20 }, async (_, caller) => {
    for (let turn = 0; failures.length < 20; turn += 1) {
      const idempotencyKey = `${caller}-${turn}`;
      try {
        await createdOrder(server, { idempotencyKey });
        acknowledged.push(idempotencyKey);
      } catch (cause) {
        failures.push(cause); // the server no longer listens
        return;
      }
    }
  });
  await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(40);
  expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
  await Promise.all(callers);
  for (const failure of failures) expect(failure).toBeInstanceOf(TypeError); // from fetch: the connection failed before a response
  expect(postgresOn(dataDir)).toEqual([]);

  const next = await startProcess({ DATA_DIR: dataDir });
  const replays = await Promise.all(acknowledged.map((idempotencyKey) => createOrder(next, { idempotencyKey })));
  expect(replays.filter(({ replayed }) => !replayed)).toEqual([]);
});
