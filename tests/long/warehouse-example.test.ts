import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { warehouseHandler } from '../../examples/warehouse-fulfilment.js';
import { readFulfilmentReport } from '../../src/fulfilment/dead-letters.js';
import { databaseForTest, serverForTest, storeForTest } from '../support/fixture.js';
import { fulfilmentForTest, JOBS, statusesOf } from '../support/fulfilment.js';
import { cancelOrder, createdOrder, createdWholeOrder, readOrder } from '../support/order-requests.js';

/** How the warehouse treats the next requests to ship; later ones succeed. */
type Fault = 'fail' | 'hang' | 'lose-response';

interface Warehouse {
  readonly url: string;
  readonly faults: Fault[];
  /** Idempotency keys of the requests to ship, repeats included. */
  readonly requested: string[];
  /** Shipments by order. */
  readonly shipments: Map<string, { status: string; readonly reason?: string; readonly tracking?: object }>;
}

/** A warehouse that ships at the second request for the state of a shipment. */
async function startWarehouse(): Promise<Warehouse> {
  const warehouse: Omit<Warehouse, 'url'> = { faults: [], requested: [], shipments: new Map() };
  const { faults, requested, shipments } = warehouse;
  const next: Readonly<Record<string, string>> = { PACKING: 'SHIPPED', SHIPPED: 'DELIVERED', DELIVERED: 'DELIVERED' };

  function ship(orderId: string, key: string, body: string, response: ServerResponse): void {
    requested.push(key);
    const fault = faults.shift();
    if (fault === 'fail') return void response.writeHead(503).end();
    if (fault === 'hang') return; // never responds
    const isHeavy = body.includes('anvil');
    const rejected = { status: 'REJECTED', reason: 'The order is too heavy.' };
    if (!shipments.has(orderId)) shipments.set(orderId, isHeavy ? rejected : { status: 'PACKING' });
    if (fault === 'lose-response') return void response.destroy();
    response.end(JSON.stringify(shipments.get(orderId)));
  }

  function show(orderId: string, response: ServerResponse): void {
    const shipment = shipments.get(orderId);
    if (shipment === undefined) return void response.writeHead(404).end();
    response.end(JSON.stringify({ ...shipment, tracking: { carrier: 'Post', number: `T-${orderId}` } }));
    shipment.status = next[shipment.status] ?? shipment.status;
  }

  const server = createServer((request, response) => {
    const orderId = request.url?.split('/').at(-1) ?? '';
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      if (request.method === 'PUT') ship(orderId, String(request.headers['idempotency-key']), body, response);
      else show(orderId, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ...warehouse, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const ALL = ['PENDING', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];

test('a warehouse that fails, hangs and repeats ships each order once and reports tracking', async () => {
  const warehouse = await startWarehouse();
  warehouse.faults.push('fail', 'hang', 'lose-response');
  const database = await databaseForTest();
  const server = await serverForTest(database);
  await fulfilmentForTest(database, { ...warehouseHandler({ url: warehouse.url, pollMs: 1_000 }), timeoutMs: 1_000 });
  const { id } = await createdOrder(server);
  await expect.poll(() => statusesOf(database, id), { timeout: 60_000 }).toEqual(ALL);
  expect(warehouse.requested).toEqual(Array.from({ length: 4 }, () => `${id}:PENDING`));
  expect(await readOrder(server, id)).toMatchObject({ tracking: { carrier: 'Post', number: `T-${id}` } });
}, 90_000);

test('an order that the warehouse rejects becomes a dead letter, and a cancelled one is not shipped', async () => {
  const warehouse = await startWarehouse();
  warehouse.faults.push('fail');
  const database = await databaseForTest();
  const server = await serverForTest(database);
  await fulfilmentForTest(database, warehouseHandler({ url: warehouse.url, pollMs: 1_000 }));
  const cancelled = await createdOrder(server);
  await expect.poll(() => warehouse.requested.length, JOBS).toBe(1);
  await cancelOrder(server, { id: cancelled.id, reason: 'CUSTOMER' });
  const heavy = await createdWholeOrder(server, { items: [{ name: 'anvil', quantity: 1, unitPrice: '9' }] });
  const { prisma } = storeForTest(database);
  const report = () => readFulfilmentReport(prisma, 10);
  await expect.poll(report, JOBS).toMatchObject({
    queued: 0,
    oldest: [{ orderId: heavy.id, status: 'PENDING', reason: 'The order is too heavy.' }],
  });
  expect(warehouse.requested.filter((key) => key.startsWith(cancelled.id))).toHaveLength(1);
  expect(await statusesOf(database, cancelled.id)).toEqual(['PENDING', 'CANCELLED']);
});
