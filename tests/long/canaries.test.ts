import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createClient } from '../support/client.js';
import { useDatabase } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { startPostgresProxy } from '../support/postgres-proxy.js';
import { failToStart, freePort, startProcess, type ServerProcess } from '../support/process.js';
import { rawRequest } from '../support/raw-request.js';
import { signToken } from '../support/tokens.js';
import { openWebsocket } from '../support/websocket.js';

/*
 * Distinctive values of everything that is secret or personal. Each test drives the server with them through one kind of
 * success or failure, and then no sink contains any. A new channel out of the server, such as metrics, is one more sink.
 */
const CANARY = {
  name: 'Canaryname Quartermain',
  email: 'canarymail@canarymail.example',
  notes: 'canarynotes',
  line: 'canaryline street 1',
  city: 'canarycity',
  postalCode: 'canarypost',
  metadata: 'canarymetadata',
  reference: 'canaryreference',
  idempotencyKey: 'canarykey',
  jwtSecret: 'canarysecret of at least 32 bytes length',
  databasePassword: 'canarypassword',
  productPassword: 'canaryproduct',
  productName: 'canarycatalogue',
} as const;

/** The values with the pieces of tokens, which are base64. */
const found = (text: string, tokens: readonly string[] = []) => {
  const pieces = tokens.flatMap((token) => token.split('.').slice(1));
  const values = [...Object.values(CANARY), ...pieces].filter((value) => text.includes(value));
  return [...values, ...(text.match(/[^"\s]*canary[^"\s]*/gi) ?? [])];
};

const database = useDatabase();

const ADDRESS = {
  name: CANARY.name,
  line1: CANARY.line,
  city: CANARY.city,
  country: 'DE',
  postalCode: CANARY.postalCode,
};

const PERSON = {
  customerName: CANARY.name,
  customerEmail: CANARY.email,
  notes: CANARY.notes,
  shippingAddress: ADDRESS,
  billingAddress: ADDRESS,
  metadata: { [CANARY.metadata]: CANARY.metadata },
};

/** Responds with text that is not JSON, but has a name. */
async function startProducts(): Promise<string> {
  const products = createHttpServer((_request, response) => response.end(`{"name": ${CANARY.productName}`));
  await new Promise<void>((resolve) => products.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void products.close());
  const { port } = products.address() as AddressInfo;
  return `http://shop:${CANARY.productPassword}@127.0.0.1:${port}`;
}

/** A URL of the database with a password that must not appear. */
async function databaseUrl(): Promise<URL> {
  await database.sql(`DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hidden') THEN
      CREATE ROLE hidden SUPERUSER LOGIN PASSWORD '${CANARY.databasePassword}';
    END IF; END $$`);
  const url = new URL(database.url);
  [url.username, url.password] = ['hidden', CANARY.databasePassword];
  return url;
}

interface Driven {
  readonly server: ServerProcess;
  /** A staff member, whose requests hold the canaries and whose responses may repeat them. */
  readonly owner: ReturnType<typeof createClient>;
  /** A customer, whose requests and responses hold none. */
  readonly stranger: ReturnType<typeof createClient>;
  readonly tokens: readonly string[];
  readonly proxy: Awaited<ReturnType<typeof startPostgresProxy>>;
}

async function start(): Promise<Driven> {
  const proxy = await startPostgresProxy((await databaseUrl()).href);
  onTestFinished(() => proxy.close());
  const server = await startProcess({
    DATABASE_URL: proxy.url,
    LOG_LEVEL: 'trace',
    LOG_FORMAT: 'json',
    AUTH_JWT_SECRET: CANARY.jwtSecret,
    PRODUCT_SERVICE_URL: await startProducts(),
    PRODUCT_SERVICE_RETRIES: '0',
    DATABASE_STATEMENT_TIMEOUT_MS: '500',
    REQUEST_DEADLINE_MS: '2000',
  });
  const sign = (sub: string, role: string) => signToken({ sub, roles: [role] }, CANARY.jwtSecret);
  const tokens = [await sign('canary subject', 'staff'), await sign('stranger', 'customer')];
  const [owner, stranger] = tokens.map((token) => createClient(server.url, token));
  if (owner === undefined || stranger === undefined) throw new Error('no clients');
  onTestFinished(async () => {
    await owner.dispose();
    await stranger.dispose();
  });
  return { server, owner, stranger, tokens, proxy };
}

const create = async ({ owner }: Driven, more: object = {}) =>
  owner.request<{ createOrder: { order: { id: string } | null; userErrors: readonly { code: string }[] } | null }>(
    CREATE_ORDER,
    { input: { items: [TEA], ...PERSON, ...more } },
  );

const codeOf = (response: { errors?: readonly { extensions: { code: string } }[] }) =>
  response.errors?.[0]?.extensions.code;

async function expectNoLeak({ server, tokens }: Driven): Promise<void> {
  const events = await database.sql("SELECT to_jsonb(e) - 'actor' AS event FROM order_events e");
  const sinks = { log: server.output(), events: JSON.stringify(events) };
  for (const [sink, text] of Object.entries(sinks))
    expect({ sink, found: found(text, tokens) }).toEqual({ sink, found: [] });
}

test('successes and rejected commands leave nothing in logs, events and the responses to others', async () => {
  const driven = await start();
  const { stranger } = driven;
  const keyed = { idempotencyKey: CANARY.idempotencyKey };
  const created = await create(driven, keyed);
  const id = created.data.createOrder?.order?.id;
  expect(id).toBeDefined();
  expect((await create(driven, { ...keyed, notes: 'other' })).data.createOrder?.userErrors).toHaveLength(1);
  await create(driven, { externalReference: CANARY.reference });
  await create(driven, { externalReference: CANARY.reference });
  await create(driven, { customerEmail: 'canarymail' });
  const update = 'mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { userErrors { message } } }';
  await driven.owner.request(update, { input: { id, notes: `${CANARY.notes} again`, shippingAddress: null } });

  const input = { id, items: [TEA] };
  const answers = [
    await stranger.request(CREATE_ORDER, { input }),
    await stranger.request('query ($id: ID!) { order(id: $id) { id notes customerName } node(id: $id) { id } }', {
      id,
    }),
    await stranger.request('{ orders { nodes { notes customerEmail } totalCount } }'),
    await stranger.request(update, { input: { id, notes: 'mine' } }),
  ];
  expect(found(JSON.stringify(answers))).toEqual([]);
  await expectNoLeak(driven);
});

test('malformed requests leave nothing in logs', async () => {
  const driven = await start();
  const { owner, server, tokens } = driven;
  await create(driven, { items: [{ name: 1, [CANARY.metadata]: true }], customerEmail: { a: CANARY.email } });
  await create(driven, { notes: `${CANARY.notes}\0` });
  for (const query of [
    `{ order(id: "${CANARY.name}") { id } }`,
    `{ orders(after: "${CANARY.name}") { nodes { id } } }`,
    `{ orders(where: { customerEmail: "${CANARY.email}" }) { nodes { id } } }`,
    `query ${CANARY.notes} { ${CANARY.notes} }`,
    `{ "${CANARY.notes}`,
    `subscription { orderStatusChanged(customerId: "${CANARY.name}") { version } }`,
  ])
    expect([query, codeOf(await owner.request(query))]).not.toContain(undefined);
  const authorization = `Bearer ${tokens[0]}`;
  for (const body of [`{"query": ${CANARY.notes}`, JSON.stringify([CANARY.email]), `"${CANARY.notes}"`])
    await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json', authorization }, body });
  const secretToken = await signToken({ sub: CANARY.name }, `${CANARY.jwtSecret} of another server`);
  for (const header of [secretToken, `Bearer ${secretToken}`, `Bearer ${CANARY.jwtSecret}`, 'Bearer a.b.c'])
    await fetch(server.url, { method: 'POST', headers: { authorization: header, 'content-type': 'text/plain' } });
  for (const target of [
    `/${CANARY.notes}?token=${CANARY.jwtSecret}`,
    `/%${CANARY.notes}`,
    `/graphql?query=${CANARY.notes}`,
  ])
    await fetch(new URL(target, server.url), { headers: { authorization, cookie: CANARY.jwtSecret } });
  for (const line of [
    `GET /${CANARY.notes} HTTP/9.9`,
    `GET /graphql HTTP/1.1\r\nX-Large: ${CANARY.notes.repeat(3_000)}`,
  ])
    await (
      await rawRequest(server.url, [line, 'Host: HOST', `Authorization: ${authorization}`])
    ).ended;
  await expectNoLeak(driven);
});

test('unexpected failures leave nothing in logs and the responses to others', async () => {
  const driven = await start();
  const { stranger, proxy } = driven;
  const masked = async (more: object = {}) => {
    const [mine, other] = await Promise.all([
      create(driven, more),
      stranger.request(CREATE_ORDER, { input: { items: [TEA], notes: 'neighbour' } }), // in the same batch
    ]);
    expect(found(JSON.stringify(other))).toEqual([]);
    return codeOf(mine);
  };
  await database.sql(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.notes LIKE 'number%' THEN PERFORM NEW.customer_name::int; END IF;
    IF NEW.notes LIKE 'slow%' THEN PERFORM pg_sleep(5); END IF;
    RETURN NEW; END $$`);
  await database.sql('CREATE TRIGGER fail BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fail()');
  await database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'check')");
  expect(await masked({ notes: 'check' })).toBe('INTERNAL_SERVER_ERROR');
  expect(await masked({ notes: 'number' })).toBe('INTERNAL_SERVER_ERROR');
  expect(await masked({ notes: 'slow' })).toBeDefined();
  await masked({ items: [{ productId: randomUUID() }] });
  await database.sql('ALTER TABLE order_items RENAME TO order_items_away');
  expect(await masked()).toBe('INTERNAL_SERVER_ERROR');
  await database.sql('ALTER TABLE order_items_away RENAME TO order_items');
  proxy.atCommit('cut-before', 'cut-after');
  await masked();
  proxy.down();
  expect(await masked()).toBe('SERVICE_UNAVAILABLE');
  proxy.up();
  await expect.poll(() => masked(), { timeout: 20_000 }).toBeUndefined();
  expect(driven.server.output()).toContain('of_the_test'); // the failures are logged
  await expectNoLeak(driven);
});

test('websockets leave nothing in logs and close reasons', async () => {
  const driven = await start();
  const { server, owner, tokens } = driven;
  const query = 'subscription ($id: String) { orderStatusChanged(customerId: $id) { version order { notes } } }';
  const reasons: string[] = [];
  const send = async (messages: readonly (object | string)[], credentials?: string) => {
    const { socket, closed } = await openWebsocket(server.url, { init: false });
    if (credentials !== undefined)
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: credentials } }));
    for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    setTimeout(() => socket.close(), 500);
    reasons.push((await closed).reason);
  };
  const authorization = `Bearer ${tokens[0]}`;
  const subscribe = (payload: object) => ({ type: 'subscribe', id: CANARY.notes, payload });
  const watching = await owner.subscribe(query, { id: 'watched' });
  await create(driven, { customerId: 'watched' });
  await watching.until((seen) => seen.length > 0);
  await send([subscribe({ query, variables: { id: { a: CANARY.name } } })], authorization);
  await send([subscribe({ query: `{ ${CANARY.notes} }` })], authorization);
  await send([subscribe({ query: 1, [CANARY.notes]: CANARY.notes })], authorization);
  await send([`{"type": "${CANARY.notes}`], authorization);
  await send([{ type: CANARY.notes }], authorization);
  await send(
    [
      { type: 'ping', payload: { a: CANARY.name } },
      { type: 'next', id: CANARY.notes },
    ],
    authorization,
  );
  await send([], `Bearer ${CANARY.jwtSecret}`);
  await send([{ type: 'connection_init', payload: CANARY.notes }]);
  await send([subscribe({ query })]);
  await send(['x'.repeat(2_000_000)], authorization);
  expect(found(reasons.join('\n'), tokens)).toEqual([]);
  await expectNoLeak(driven);
});

test('failed starts and commands print no secret', { timeout: 120_000 }, async () => {
  const silent = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const wrong = new URL(inject('postgresUrl'));
  [wrong.username, wrong.password] = ['unknown', CANARY.databasePassword];
  const at = (host: string) =>
    `postgresql://me:${CANARY.databasePassword}@${host}/orders?key=${CANARY.databasePassword}`;
  const environments: Record<string, string>[] = [
    { DATABASE_URL: wrong.href },
    { DATABASE_URL: at(`127.0.0.1:${await freePort()}`) },
    { DATABASE_URL: at(`127.0.0.1:${port}`) },
    { DATABASE_URL: at('127.0.0.1:port') },
    { DATABASE_URL: at('[bad'), AUTH_JWT_SECRET: CANARY.jwtSecret, AUTH_MODE: 'open' },
    { DATABASE_URL: database.url, AUTH_JWT_SECRET: 'canarysecret' },
    { DATABASE_URL: database.url, AUTH_JWT_SECRET: CANARY.jwtSecret, AUTH_JWKS_URL: 'https://keys.example' },
    { DATABASE_URL: database.url, AUTH_JWKS_URL: `https://me:${CANARY.jwtSecret}@keys.example` },
    { DATABASE_URL: database.url, PRODUCT_SERVICE_URL: `ftp://me:${CANARY.productPassword}@shop.example` },
  ];
  for (const env of environments) {
    const { code, stderr } = await failToStart({ LOG_LEVEL: 'trace', DATABASE_WAIT_MS: '500', ...env });
    expect([code, found(stderr)]).toEqual([1, []]);
  }
  for (const command of [['migrate.js'], ['main.js', 'consumers']]) {
    for (const url of [at(`127.0.0.1:${await freePort()}`), at('127.0.0.1:port'), wrong.href]) {
      const env = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'trace', DATABASE_WAIT_MS: '500', DATABASE_URL: url };
      const [file = '', ...words] = command;
      const result = spawnSync(process.execPath, [path.resolve('dist/cli', file), ...words], { env, encoding: 'utf8' });
      expect([command, result.status, found(result.stdout + result.stderr)]).toEqual([command, 1, []]);
    }
  }
});
