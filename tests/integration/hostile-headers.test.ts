import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { rawRequest } from '../support/raw-request.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { STORABLE_TEXTS } from '../support/payloads.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* No header changes what a request does, adds a header to the response, or breaks a line of the log. */

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, RATE_LIMIT: 'off', CORS_ORIGINS: 'https://shop.example' });

const NAMES = [
  'x-request-id',
  'authorization',
  'origin',
  'host',
  'content-type',
  'accept',
  'accept-encoding',
  'user-agent',
  'referer',
  'cookie',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-http-method-override',
  'x-apollo-operation-name',
  'apollo-require-preflight',
  'content-encoding',
  'expect',
  'traceparent',
];

/** Texts that a header may contain by the rules of HTTP. The bytes of others are not accepted in any header. */
const HEADER_TEXTS = [
  ...STORABLE_TEXTS.filter((text) => /^[\t\x20-\x7e]+$/.test(text)),
  'null',
  'a, b',
  'a; b=c',
  '\u00fc\u00ff',
  '*/*; q=0; charset=utf-7',
  'application/json; charset="; X-Injected: 1"',
  'https://shop.example.evil.example',
  'https://shop.example@evil.example',
  'https://shop.example, https://evil.example',
  '9'.repeat(300),
];

const VIEWER = JSON.stringify({ query: '{ viewer { subject } }' });
const INNER_LINE_BREAK = /[\n\r](?!$)/;

interface Response {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends a request whose headers are replaced by the given ones, byte by byte. */
async function send(headers: Readonly<Record<string, string>>, body = VIEWER): Promise<Response> {
  const lines = Object.entries({
    host: 'HOST',
    'content-type': 'application/json',
    authorization: `Bearer ${await signToken()}`,
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  const { ended } = await rawRequest(server.url, ['POST /graphql HTTP/1.1', ...lines], body);
  const text = await ended;
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n').trim() };
}

function expectIntact({ status, head, body }: Response): void {
  expect(status).toBeLessThan(500);
  expect(head.toLowerCase()).not.toMatch(/^(?:x-injected|set-cookie):/m);
  expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
  const { data, errors } = JSON.parse(body) as { readonly data?: unknown; readonly errors?: unknown };
  // Either the response to the request as it is, or an error.
  if (errors === undefined) expect(data).toEqual({ viewer: { subject: 'ann' } });
  else expect(data).toBeUndefined();
}

test.each(NAMES)('any text in the header %s is ignored or rejected', async (name) => {
  for (const text of HEADER_TEXTS) {
    const response = await send({ [name]: text });
    expectIntact(response);
    if (name === 'authorization') expect(response.status).toBe(401);
    if (name === 'origin') expect(response.status).toBe(403);
    expect(response.head.toLowerCase()).not.toContain('access-control-allow-origin: https://shop.example');
  }
  expect(server.logged).toEqual([]);
});

test.each(['\r', '\n', '\0', '\u0001', '\u001b[31m', '\u007f', '\r\n folded'])(
  'a header with the control character %j is rejected',
  async (character) => {
    for (const name of ['x-request-id', 'authorization', 'origin', 'accept', 'x-apollo-operation-name']) {
      const response = await send({ [name]: `a${character}X-Injected: 1` });
      expect(response).toMatchObject({ status: 400 });
      expectIntact(response);
    }
    expect(server.logged).toEqual([]);
  },
);

test('a malformed request id is replaced; a well-formed one is returned', async () => {
  const idOf = ({ head }: Response) => /^x-request-id: (.*)$/im.exec(head)?.[1]?.trim();
  for (const text of [...HEADER_TEXTS, 'a b', '', '\u00e9', 'x'.repeat(129)]) {
    const isWellFormed = /^[\w.:-]{1,128}$/.test(text);
    expect(idOf(await send({ 'x-request-id': text }))).toMatch(isWellFormed ? text : /^[0-9a-f-]{36}$/);
  }
});

test('a failure with hostile values in every logged place is one line of JSON', async () => {
  await database.sql('ALTER TABLE order_items RENAME TO renamed');
  for (const text of STORABLE_TEXTS) {
    const token = await signToken({ sub: `ann${text}.`, iss: text, roles: ['staff'] });
    const input = {
      items: [TEA],
      notes: text,
      externalReference: text,
      idempotencyKey: text,
      metadata: { [text]: text },
    };
    const headers = /^[\t\x20-\x7e]+$/.test(text) ? { 'x-request-id': text, 'user-agent': text } : {};
    const query = `# ${text.replaceAll(/[\n\r]/g, ' ')}\n${CREATE_ORDER}`;
    const body = JSON.stringify({ query, variables: { input } });
    const response = await send({ authorization: `Bearer ${token}`, ...headers }, body);
    expect(response.status).toBe(500);
    const { errors } = JSON.parse(response.body) as { readonly errors: readonly object[] };
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(response.body).not.toMatch(/order_items|SQL|prisma/i);
  }
  await database.sql('ALTER TABLE renamed RENAME TO order_items');
  expect(server.logged.length).toBeGreaterThanOrEqual(STORABLE_TEXTS.length);
  for (const line of server.logLines) {
    expect(line).not.toMatch(INNER_LINE_BREAK);
    expect(line).not.toContain('forged');
    expect(line).not.toContain('DROP TABLE');
  }
});
