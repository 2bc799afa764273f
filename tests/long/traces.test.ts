import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startServer } from '../support/server.js';
import { collectorOf, createTea, named, onServer, only, PARENT, TRACE_ID } from '../support/traces.js';

const database = useDatabase();

test('a step of fulfilment has a link to the operation that created its order', async () => {
  const receiver = await startOtlpReceiver();
  const { id } = await onServer(
    database,
    collectorOf(receiver, { FULFILMENT: 'simulated', DATABASE_MIGRATE: 'always' }),
    async (url) => {
      const created = await createTea(url, PARENT);
      await expect.poll(() => named(receiver, 'process fulfilment').length).toBeGreaterThan(0);
      return created;
    },
  );
  const step = only(receiver, 'process fulfilment');
  const { spanId } = only(receiver, 'mutation');
  expect(step.links).toMatchObject([{ traceId: TRACE_ID, spanId }]);
  expect(step.traceId).not.toBe(TRACE_ID);
  const rows = await database.sql<{ traceparent: string }>(
    'SELECT traceparent FROM order_events WHERE order_id = $1 AND version = 2',
    [id],
  );
  expect(rows).toEqual([{ traceparent: `00-${step.traceId}-${step.spanId}-01` }]);
});

test.each([
  ['refuses connections', null],
  ['does not respond', () => undefined],
  ['responds 500', (response: { writeHead(status: number): { end(): void } }) => response.writeHead(500).end()],
] as const)('a collector that %s delays neither requests nor the shutdown', async (_name, respond) => {
  const receiver = await startOtlpReceiver();
  if (respond !== null) receiver.respond = respond;
  const url = respond === null ? 'http://127.0.0.1:9' : receiver.url;
  const server = await startServer(database.url, collectorOf({ url }, { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' }));
  const slowest = await slowestOf(50, async () => createTea(server.url));
  expect(slowest).toBeLessThan(5_000); // on a busy machine
  const failures = () => server.logged.filter(({ msg }) => String(msg).includes('exporting traces failed')).length;
  await expect.poll(failures).toBe(1);
  await createTea(server.url);
  await sleep(1_500); // until another export has failed, which is not logged
  expect(failures()).toBe(1);
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(5_000);
});

/** The longest time that one of several concurrent runs takes, in milliseconds. */
async function slowestOf(count: number, run: () => Promise<unknown>): Promise<number> {
  const times = Array.from({ length: count }, async () => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  });
  return Math.max(...(await Promise.all(times)));
}
