import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildDocuments } from '../../src/cli/documents.js';
import { StartupError } from '../../src/startup-error.js';
import type { DocumentManifest } from '../../src/graphql/document-manifest.js';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { openWebsocket } from '../support/websocket.js';

const DOCUMENTS = {
  'orders.graphql': 'query Orders($first: Int) { orders(first: $first) { nodes { ...OrderParts } } }',
  'watch.gql': 'subscription Watch($id: ID) { orderStatusChanged(orderId: $id) { version } }',
  'nested/create.graphql': `mutation Create($input: CreateOrderInput!) { createOrder(input: $input) { order { ...OrderParts } } }
    fragment OrderParts on Order { id status notes }`,
  'README.md': 'query Ignored { __typename }',
};

const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-documents-'));
afterAll(() => rm(folder, { recursive: true }));
await mkdir(path.join(folder, 'nested'));
for (const [name, text] of Object.entries(DOCUMENTS)) await writeFile(path.join(folder, name), text);
const file = path.join(folder, 'manifest.json');
const wrote = await buildDocuments([folder, file]);
const { operations } = JSON.parse(await readFile(file, 'utf8')) as DocumentManifest;
const operation = (name: string) => {
  const found = operations.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
};

/** The same manifest with one more id that is not a hash, as other tools write. */
const servedFile = path.join(folder, 'served.json');
const named = { ...operation('Orders'), id: 'orders-v1' };
await writeFile(
  servedFile,
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: [...operations, named] }),
);

const database = useDatabase();
const byPath = {
  fast: useServer(database, { TRUSTED_DOCUMENTS: servedFile, GRAPHQL_FAST_LANE: 'on' }),
  apollo: useServer(database, { TRUSTED_DOCUMENTS: servedFile, GRAPHQL_FAST_LANE: 'off' }),
};
const PATHS = ['fast', 'apollo'] as const;

const persisted = (id: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: id } } });
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

async function post(url: string, body: unknown) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('the command writes the operations of a folder in the order of their names', async () => {
  expect(wrote).toBe(`Wrote 3 operations to ${file}.`);
  expect(operations.map(({ name, type }) => [name, type])).toEqual([
    ['Create', 'mutation'],
    ['Orders', 'query'],
    ['Watch', 'subscription'],
  ]);
  const again = path.join(folder, 'again.json');
  await buildDocuments([folder, again]);
  expect(await readFile(again, 'utf8')).toBe(await readFile(file, 'utf8'));
});

test.each([[[]], [['a', 'b', 'c']], [['/does/not/exist']], [[tmpdir(), '/does/not/exist/file']]])(
  'the command fails with a reason for the arguments %j',
  async (words) => {
    const empty = await mkdtemp(path.join(folder, 'empty-'));
    await expect(buildDocuments(words.map((word) => (word === tmpdir() ? empty : word)))).rejects.toThrow(StartupError);
  },
);

test.each(PATHS)('an operation runs by its id or its text, over POST and GET (%s)', async (kind) => {
  const { url } = byPath[kind];
  const { id, body: query } = operation('Orders');
  const variables = { first: 1 };
  const requests = [
    { documentId: id },
    persisted(id),
    persisted(named.id),
    { query },
    { query, ...persisted(id) },
    { documentId: id, query },
  ];
  for (const request of requests) {
    const expected = { data: { orders: { nodes: expect.any(Array) as unknown } } };
    expect(await post(url, { ...request, variables })).toMatchObject({ status: 200, body: expected });
    expect(await post(url, { ...request, variables, operationName: 'Orders' })).toMatchObject({ body: expected });
    const search = new URLSearchParams({ variables: JSON.stringify(variables) });
    for (const [name, value] of Object.entries(request))
      search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    const got = await fetch(`${url}?${search.toString()}`, { headers: { 'apollo-require-preflight': '1' } });
    expect([got.status, await got.json()]).toEqual([200, expect.objectContaining(expected)]);
  }
  const input = { items: [{ name: 'Tea', unitPrice: '1' }], notes: 'trusted' };
  const created = await post(url, { documentId: operation('Create').id, variables: { input } });
  expect(created).toMatchObject({ status: 200, body: { data: { createOrder: { order: { notes: 'trusted' } } } } });
});

const OTHER = '{ __typename }';

test.each(PATHS)('every other document is rejected before it is parsed (%s)', async (kind) => {
  const { url } = byPath[kind];
  const { id, body } = operation('Orders');
  const requests = [
    { query: OTHER },
    { query: '{ no document' },
    { query: `${body} ` },
    { query: OTHER, documentId: id },
    { query: OTHER, ...persisted(id) },
    { query: OTHER, ...persisted(hashOf(OTHER)) },
    persisted(hashOf(OTHER)),
    persisted({ id }),
    persisted(null),
    { documentId: hashOf(OTHER) },
    { documentId: '__proto__' },
    { documentId: [id] },
    { id },
    { extensions: 'x' },
    {},
    [],
    [{ query: body }],
    'text',
    null,
  ];
  const rejected = { errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] };
  for (const request of requests) expect(await post(url, request)).toMatchObject({ status: 403, body: rejected });
  for (const search of [`query=${OTHER}`, 'extensions={', 'documentId=1', '']) {
    const got = await fetch(`${url}?${search}`, { headers: { 'apollo-require-preflight': '1' } });
    expect({ status: got.status, body: await got.json() }).toMatchObject({ status: 403, body: rejected });
  }
});

test.each(PATHS)('a document cannot be registered by its hash (%s)', async (kind) => {
  const { url } = byPath[kind];
  const { body } = operation('Orders');
  await post(url, { query: OTHER, ...persisted(hashOf(OTHER)) });
  expect(await post(url, persisted(hashOf(OTHER)))).toMatchObject({ status: 403 });
  await post(url, { query: body, ...persisted('another id') });
  expect(await post(url, persisted('another id'))).toMatchObject({ status: 403 });
});

test('a subscription runs by its id or its text; every other document is rejected', async () => {
  const websocket = await openWebsocket(byPath.fast.url);
  const { id, body } = operation('Watch');
  const subscribe = async (key: string, payload: object) => {
    websocket.send({ type: 'subscribe', id: key, payload: { query: '', ...payload } });
    websocket.send({ type: 'subscribe', id: `${key} probe`, payload: { query: OTHER } });
    await websocket.until((message) => message.id === `${key} probe`);
    return websocket.messages.find((message) => message.id === key)?.payload ?? null;
  };
  const accepted = [{ documentId: id }, persisted(id), { query: body }];
  for (const [index, payload] of accepted.entries()) expect(await subscribe(`accepted ${index}`, payload)).toBeNull();
  const rejected = [
    {},
    { query: 'subscription { orderStatusChanged { version } }' },
    { query: '{ no document' },
    { documentId: '1' },
    persisted('1'),
    { query: OTHER, documentId: id },
  ];
  for (const [index, payload] of rejected.entries())
    expect(await subscribe(`rejected ${index}`, payload)).toMatchObject([
      { extensions: { code: 'DOCUMENT_NOT_TRUSTED' } },
    ]);
  const overHttp = await subscribe('query', { documentId: operation('Orders').id });
  expect(overHttp).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
});

test.each([
  ['a file that does not exist', null, /cannot be used[\s\S]*ENOENT/],
  ['no JSON', 'x', /is not JSON/],
  ['another format', '{"operations":[]}', /apollo-persisted-query-manifest/],
])('a server with %s does not start', async (_what, text, message) => {
  const bad = path.join(folder, 'bad.json');
  await rm(bad, { force: true });
  if (text !== null) await writeFile(bad, text);
  const started = serverForTest(database, { TRUSTED_DOCUMENTS: bad });
  await expect(started).rejects.toThrow(StartupError);
  await expect(started).rejects.toThrow(message);
});

test('a server whose manifest has an invalid operation does not start, and names it', async () => {
  const bad = path.join(folder, 'invalid.json');
  const outdated = { id: '1', name: 'Outdated', type: 'query', body: 'query Outdated { removedField }' };
  await writeFile(
    bad,
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: [outdated] }),
  );
  await expect(serverForTest(database, { TRUSTED_DOCUMENTS: bad })).rejects.toThrow(
    /Operation Outdated: .*removedField/,
  );
});
