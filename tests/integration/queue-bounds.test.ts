import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database, {
  WRITE_QUEUE_MAX_BYTES: '3000',
  READ_QUEUE_MAX_KEYS: '5',
  READ_QUEUE_MAX_BYTES: '2000',
});

const overloaded = { status: 503, errors: [{ extensions: { code: 'OVERLOADED' } }] };
const long = 'x'.repeat(4_000);

test('a write above the byte limit of the queue is rejected as overload and not stored', async () => {
  expect(await server.request(CREATE_ORDER, { input: { items: [TEA], notes: long } })).toMatchObject(overloaded);
  const items = Array.from({ length: 30 }, () => TEA);
  expect(await server.request(CREATE_ORDER, { input: { items } })).toMatchObject(overloaded);
  const { id } = await createdOrder(server);
  const updateOrder = 'mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { changed } }';
  for (const more of [{ notes: long }, { items }]) {
    expect(await server.request(updateOrder, { input: { id, expectedVersion: 1, ...more } })).toMatchObject(overloaded);
  }
  expect(await database.sql('SELECT version, notes FROM orders')).toEqual([{ version: 1, notes: null }]);
});

test('the bytes of a write are released when it ends', async () => {
  for (let index = 0; index < 8; index += 1) {
    expect(await createOrder(server)).toMatchObject({ replayed: false, userErrors: [] });
  }
});

test('reads above the limit of the queue are rejected as overload, and the others succeed', async () => {
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
  for (let index = 0; index < 3; index += 1) {
    const { id } = await createdOrder(server);
    const ids = [id, ...Array.from({ length: 7 }, () => randomUUID())];
    const { data, errors = [] } = await server.request<{ nodes: object[] }>(query, { ids });
    expect(data.nodes[0]).toEqual({ id });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['OVERLOADED', 'OVERLOADED', 'OVERLOADED']);
    expect(errors[0]?.message).toMatch(/^The read was not started/);
  }
});

test('where the items of a page do not all fit in the queue, those of some orders are read', async () => {
  const { data, errors = [] } = await server.request<{ orders: { nodes: { items: object[] | null }[] } }>(
    '{ orders(first: 8) { nodes { id items { name } } } }',
  );
  expect(data.orders.nodes.map(({ items }) => items?.length ?? null)).toEqual([1, 1, 1, 1, 1, null, null, null]);
  expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual(
    [5, 6, 7].map((index) => [['orders', 'nodes', index, 'items'], 'OVERLOADED']),
  );
});

test('reads above the byte limit of the queue are rejected as overload, and their bytes are released', async () => {
  const texts = { customerId: 'c'.repeat(128), reference: 'r'.repeat(127) };
  const parts = ['a', 'b', 'c', 'd', 'e'].map(
    (name) =>
      `${name}: orderByExternalReference(customerId: $customerId, externalReference: "${name}${texts.reference}") { id }`,
  );
  const read = async (count: number) => {
    const query = `query ($customerId: String!) { __typename ${parts.slice(0, count).join(' ')} }`;
    const { errors = [] } = await server.request(query, { customerId: texts.customerId });
    return errors.map(({ path, extensions }) => `${path?.[0]} ${extensions.code}`);
  };
  for (let index = 0; index < 3; index += 1) {
    expect(await read(5)).toEqual(['e OVERLOADED']);
    expect(await read(4)).toEqual([]);
  }
});
