import { ApolloServer } from '@apollo/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serverForTest, useDatabase } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';
import { startServer, type TestServer } from '../support/server.js';

const database = useDatabase();

const SESSIONS = `SELECT application_name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'ordergraph%'`;

const isServing = (server: TestServer) =>
  fetch(new URL('/health', server.url)).then(
    () => true,
    () => false,
  );

test('every call of close ends when all parts are closed', async () => {
  const server = await serverForTest(database, { SHUTDOWN_DELAY_MS: '200' });
  await createdOrder(server);
  const first = server.app.close();
  await server.app.close();
  expect(await isServing(server)).toBe(false);
  await expect.poll(() => database.sql(SESSIONS)).toEqual([]);
  await first;
});

test('a failed step does not prevent the other steps of close, and every call reports the failure', async () => {
  const server = await startServer(database.url);
  await createdOrder(server);
  const stop = vi.spyOn(ApolloServer.prototype, 'stop').mockRejectedValue(new Error('not stopped'));
  onTestFinished(() => stop.mockRestore());
  await expect(server.app.close()).rejects.toThrow('not stopped');
  await expect(server.app.close()).rejects.toThrow('not stopped');
  expect(await isServing(server)).toBe(false);
  await expect.poll(() => database.sql(SESSIONS)).toEqual([]);
});
