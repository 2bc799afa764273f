import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* A cursor that this server did not create for the list is rejected. No cursor shows orders of another customer. */

const server = useServer(useDatabase(), { ...AUTH_ENV, RATE_LIMIT: 'off' });

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
}

const LIST = `query ($after: String, $before: String, $orderBy: OrderSort) {
  orders(where: {currency: "USD"}, first: 5, after: $after, before: $before, orderBy: $orderBy) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }`;
const HISTORY = `query ($id: ID!, $after: String, $before: String) {
  order(id: $id) { history(first: 5, after: $after, before: $before) { edges { cursor node { id } } } } }`;

let [ann, bob]: TestClient[] = [];
let [orderOfAnn, orderOfBob] = ['', ''];
/** Cursors of lists of bob, whose orders are created before, between and after those of ann. */
let cursorsOfBob: readonly string[] = [];

beforeAll(async () => {
  const staff = createClient(server.url, await signToken({ sub: 'sam', roles: ['staff'] }));
  for (const customerId of ['bob', 'ann', 'bob', 'ann', 'bob']) {
    const { id } = await createdOrder(staff, { customerId });
    if (customerId === 'ann') orderOfAnn = id;
    else orderOfBob = id;
  }
  ann = createClient(server.url, await signToken({ sub: 'ann' }));
  bob = createClient(server.url, await signToken({ sub: 'bob' }));
  cursorsOfBob = await cursorsOf(bob);
});

function clientOf(client: TestClient | undefined): TestClient {
  if (client === undefined) throw new Error('the clients are created before the tests');
  return client;
}

async function cursorsOf(client: TestClient | undefined, orderBy?: object): Promise<string[]> {
  const { orders } = await clientOf(client).get<{ orders: Page }>(LIST, { orderBy });
  return orders.edges.map(({ cursor }) => cursor);
}

async function historyOf(client: TestClient | undefined, id: string, more: object = {}) {
  return clientOf(client).request<{ order: { history: Page | null } | null }>(HISTORY, { id, ...more });
}

const encoded = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const decoded = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];

/** Changes of a valid cursor of a list of orders. */
const FORGERIES: Readonly<Record<string, (parts: readonly unknown[], cursor: string) => string>> = {
  'without its last character': (_parts, cursor) => cursor.slice(0, -1),
  'without its first character': (_parts, cursor) => cursor.slice(1),
  'cut in half': (_parts, cursor) => cursor.slice(0, cursor.length / 2),
  'with a character more': (_parts, cursor) => `${cursor}A`,
  'with padding': (_parts, cursor) => `${cursor}=`,
  'in another case': (_parts, cursor) => cursor.toUpperCase(),
  'surrounded by spaces': (_parts, cursor) => ` ${cursor} `,
  'encoded twice': (_parts, cursor) => Buffer.from(cursor).toString('base64url'),
  'as JSON': (parts) => JSON.stringify(parts),
  'in hexadecimal': (parts) => Buffer.from(JSON.stringify(parts)).toString('hex'),
  'in UTF-16': (parts) => Buffer.from(JSON.stringify(parts), 'utf16le').toString('base64url'),
  'of another kind': ([, ...rest]) => encoded(['history', ...rest]),
  'of another field': ([kind, , ...rest]) => encoded([kind, 'TOTAL', ...rest]),
  'of an unknown field': ([kind, , ...rest]) => encoded([kind, 'customer_id', ...rest]),
  'of a field of the prototype': ([kind, , ...rest]) => encoded([kind, 'constructor', ...rest]),
  'of another direction': ([kind, field, , ...rest]) => encoded([kind, field, 'ASC', ...rest]),
  'with SQL as the direction': ([kind, field, , ...rest]) => encoded([kind, field, 'DESC; DROP TABLE orders', ...rest]),
  'with a part more': (parts) => encoded([...parts, true]),
  'with a part less': (parts) => encoded(parts.slice(0, -1)),
  'as an object': (parts) => encoded({ ...Object.fromEntries(parts.entries()), length: 5 }),
  'nested in a list': (parts) => encoded([parts]),
  'as null': () => encoded(null),
  'with SQL as the id': ([kind, field, direction, key]) => encoded([kind, field, direction, key, "' OR true --"]),
  'with a list as the id': ([kind, field, direction, key, id]) => encoded([kind, field, direction, key, [id]]),
  'with a number as the id': ([kind, field, direction, key]) => encoded([kind, field, direction, key, 1]),
  ...Object.fromEntries(
    ['1', '2026-01-01', "' OR true --", -1, 0.5, 1e300, 253_402_300_800_000, true, null, [], {}].map((key) => [
      `with the key ${JSON.stringify(key)}`,
      ([kind, field, direction, , id]: readonly unknown[]) => encoded([kind, field, direction, key, id]),
    ]),
  ),
  'with an infinite key': ([kind, field, direction, , id]) =>
    Buffer.from(`["${String(kind)}","${String(field)}","${String(direction)}",1e999,"${String(id)}"]`).toString(
      'base64url',
    ),
};

test.each(Object.entries(FORGERIES))('a cursor %s is rejected', async (_what, forge) => {
  for (const original of [...(await cursorsOf(ann)), ...cursorsOfBob]) {
    const cursor = forge(decoded(original), original);
    for (const argument of ['after', 'before']) {
      const { status, errors } = await clientOf(ann).request(LIST, { [argument]: cursor });
      expect({ status, errors }).toMatchObject({
        status: 400,
        errors: [{ extensions: { code: 'INVALID_CURSOR', argument } }],
      });
    }
  }
  expect(server.logged).toEqual([]);
});

test('a cursor of a history, of another history or of the event log is rejected where it does not belong', async () => {
  const { data } = await historyOf(bob, orderOfBob);
  const [foreign] = data.order?.history?.edges.map(({ cursor }) => cursor) ?? [];
  const log = encoded(['log', '1', orderOfAnn, 1]);
  for (const cursor of [foreign, log]) {
    const list = await clientOf(ann).request(LIST, { after: cursor });
    expect(list.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
  }
  const own = ['history', orderOfAnn, 1];
  const versions = [0, -1, 1.5, 2 ** 31, 1e300, '1', null, [1]].map((version) =>
    encoded(['history', orderOfAnn, version]),
  );
  for (const cursor of [foreign, log, encoded([...own, 1]), encoded(own.slice(0, 2)), ...versions, ...cursorsOfBob]) {
    const { errors, data: found } = await historyOf(ann, orderOfAnn, { after: cursor });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
    expect(found).toEqual({ order: { history: null } });
    expect((await historyOf(ann, orderOfBob, { after: cursor })).data).toEqual({ order: null });
  }
  expect(server.logged).toEqual([]);
});

test('a cursor at an order of another customer shows the same as one at no order', async () => {
  const own = new Set((await clientOf(ann).get<{ orders: Page }>(LIST)).orders.edges.map(({ node }) => node.id));
  for (const orderBy of [{}, { field: 'UPDATED_AT' }, { field: 'TOTAL', direction: 'ASC' }]) {
    const cursors = await cursorsOf(bob, orderBy);
    expect(cursors).toHaveLength(3);
    for (const cursor of cursors) {
      for (const argument of ['after', 'before']) {
        const atBob = await clientOf(ann).get<{ orders: Page }>(LIST, { [argument]: cursor, orderBy });
        for (const { node } of atBob.orders.edges) expect(own).toContain(node.id);
        const id = String(decoded(cursor)[4]);
        // The neighbouring id, which no order has.
        const nowhere = encoded([...decoded(cursor).slice(0, 4), id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')]);
        expect(await clientOf(ann).get(LIST, { [argument]: nowhere, orderBy })).toEqual(atBob);
      }
    }
  }
  const nobody = createClient(server.url, await signToken({ sub: randomUUID() }));
  const empty = { orders: { edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false } } };
  for (const after of cursorsOfBob) expect(await nobody.get(LIST, { after })).toEqual(empty);
});
