import { createHmac } from 'node:crypto';
import { exportSPKI } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { createClient } from '../support/client.js';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { AUDIENCE, createIssuerKey, ISSUER, startJwks } from '../support/jwks.js';
import { rawRequest } from '../support/raw-request.js';
import { expectAccepted, expectRejected, outcomeOverHttp, outcomeOverWebsocket } from '../support/token-outcome.js';
import { AUTH_ENV, SECRET, signToken } from '../support/tokens.js';
import { openWebsocket } from '../support/websocket.js';

const database = useDatabase();
const server = useServer(database, AUTH_ENV);
const strict = useServer(database, { ...AUTH_ENV, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE });

const POST = ['POST /graphql HTTP/1.1', 'Host: HOST', 'Connection: close', 'Content-Type: application/json'];

const MISSING = 'A bearer token is required in Authorization.';
const SCHEME = 'Authorization must be the word Bearer and one token.';
const SIGNATURE = 'The signature of the token is not valid.';
const ALGORITHM = 'The algorithm of the token is not accepted.';
const NO_JWT = 'The token is not a valid JWT.';

/** The three parts of a token, changed and signed again with HMAC. */
function resign(token: string, header: object, key: string, hash = 'sha256'): string {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url');
  const body = `${head}.${token.split('.')[1]}`;
  return `${body}.${createHmac(hash, key).update(body).digest('base64url')}`;
}

describe('a secret', () => {
  test.each<readonly [string, () => string | null | Promise<string>, string]>([
    ['no token', () => null, MISSING],
    ['another scheme', () => 'Basic YW5uOnNlY3JldA==', SCHEME],
    ['a token without a scheme', async () => signToken(), SCHEME],
    ['two tokens', async () => `Bearer ${await signToken()} ${await signToken()}`, SCHEME],
    ['two tokens with a comma', async () => `Bearer ${await signToken()},Bearer ${await signToken()}`, SCHEME],
    ['text', () => 'Bearer text', NO_JWT],
    ['three parts that are no JSON', () => 'Bearer a.b.c', NO_JWT],
    ['a long token', () => `Bearer ${'a'.repeat(8_193)}`, 'The token must have at most 8192 characters.'],
    ['an expired token', async () => `Bearer ${await signToken({ expiresIn: -6 })}`, 'The token has expired.'],
    [
      'a token of the future',
      async () => `Bearer ${await signToken({ notBefore: 30 })}`,
      'The token is not valid yet.',
    ],
    ['another key', async () => `Bearer ${await signToken({}, `${SECRET}x`)}`, SIGNATURE],
    [
      'another algorithm',
      async () => `Bearer ${resign(await signToken(), { alg: 'HS512' }, SECRET, 'sha512')}`,
      ALGORITHM,
    ],
    ['alg none', async () => `Bearer ${resign(await signToken(), { alg: 'none' }, SECRET)}`, ALGORITHM],
    ['alg none without a signature', async () => `Bearer ${unsigned(await signToken())}`, ALGORITHM],
    ['changed claims', async () => `Bearer ${tampered(await signToken())}`, SIGNATURE],
    ['no exp', async () => `Bearer ${await signToken({ expiresIn: null })}`, 'The token has no exp.'],
    ['no sub', async () => `Bearer ${await signToken({ sub: null })}`, 'The token has no sub.'],
    ['an unknown critical extension', critical, 'The token needs an extension that this server does not support.'],
  ])('rejects %s', async (_name, authorization, message) => {
    await expectRejected(server.url, await authorization(), message);
  });

  test.each(['', ' ann', 'ann ', 'a\0b', 'a\ud800', 'a'.repeat(129)])('rejects the subject %j', async (sub) => {
    const authorization = `Bearer ${await signToken({ sub })}`;
    const problem = 'The token has an invalid sub; it must have 1 to 128 characters and no whitespace around it.';
    await expectRejected(server.url, authorization, problem);
  });

  test('rejects another or no issuer and audience', async () => {
    const bearer = async (claims: object) => `Bearer ${await signToken({ iss: ISSUER, aud: AUDIENCE, ...claims })}`;
    await expectRejected(strict.url, await bearer({ iss: 'else' }), 'The issuer of the token is not accepted.');
    await expectRejected(strict.url, await bearer({ aud: 'else' }), 'The audience of the token is not accepted.');
    await expectRejected(strict.url, await bearer({ iss: undefined }), 'The token has no iss.');
    await expectRejected(strict.url, await bearer({ aud: undefined }), 'The token has no aud.');
    await expectAccepted(strict.url, await signToken({ iss: ISSUER, aud: AUDIENCE }));
  });

  test('accepts a token, also within the clock skew and with a scheme in lower case', async () => {
    await expectAccepted(server.url, await signToken());
    await expectAccepted(server.url, await signToken({ sub: 'a'.repeat(128), iss: 'any', aud: 'any' }));
    await expectAccepted(server.url, await signToken({ notBefore: 3 }));
    expect(await outcomeOverHttp(server.url, `Bearer ${await signToken({ expiresIn: -1 })}`)).toMatchObject({
      status: 200,
    });
    expect(await outcomeOverHttp(server.url, `bearer  ${await signToken()}`)).toMatchObject({ status: 200 });
  });

  test('rejects two Authorization headers', async () => {
    const token = await signToken();
    const twice = [`Authorization: Bearer ${token}`, `authorization: Bearer ${token}`];
    const { ended } = await rawRequest(server.url, [...POST, ...twice, 'Content-Length: 2'], '{}');
    expect(await ended).toMatch(/^HTTP\/1\.1 401 /);
    expect(await ended).toContain(SCHEME);
  });

  test('rejects two credentials in connection_init', async () => {
    const websocket = await openWebsocket(server.url, { init: false });
    const authorization = `Bearer ${await signToken()}`;
    websocket.send({ type: 'connection_init', payload: { authorization, Authorization: authorization } });
    expect(await websocket.closed).toEqual({ code: 4403, reason: SCHEME });
    const other = await openWebsocket(server.url, { init: false });
    other.send({ type: 'connection_init', payload: { Authorization: authorization } });
    await other.until(({ type }) => type === 'connection_ack');
  });

  test('rejects a request before its body is read', async () => {
    const { received } = await rawRequest(server.url, [...POST, 'Content-Length: 900000'], '{');
    await vi.waitUntil(() => received().startsWith('HTTP/1.1 401 '));
  });

  test('the viewer has the subject and the known roles of the token', async () => {
    const viewerOf = async (roles: unknown) =>
      createClient(server.url, await signToken({ roles, sub: 'ann' })).get('{ viewer { subject roles } }');
    expect(await viewerOf(['staff'])).toEqual({ viewer: { subject: 'ann', roles: ['staff'] } });
    expect(await viewerOf('customer')).toEqual({ viewer: { subject: 'ann', roles: ['customer'] } });
    expect(await viewerOf(['owner', 'customer', 7, 'admin'])).toEqual({
      viewer: { subject: 'ann', roles: ['admin', 'customer'] },
    });
  });

  test('no log line contains a token', async () => {
    const token = await signToken({ expiresIn: -60 });
    await outcomeOverHttp(server.url, `Bearer ${token}`);
    await outcomeOverWebsocket(server.url, `Bearer ${token}`);
    expect(server.logLines.join('')).not.toContain(token.slice(0, 30));
  });
});

function unsigned(token: string): string {
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
}

function tampered(token: string): string {
  const [head, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, roles: ['admin'] })).toString('base64url');
  return `${head}.${changed}.${signature}`;
}

async function critical(): Promise<string> {
  return `Bearer ${resign(await signToken(), { alg: 'HS256', crit: ['else'], else: 1 }, SECRET)}`;
}

describe('a JWKS server', () => {
  test('the keys it publishes verify tokens; other keys and algorithms do not', async () => {
    const [rsa, ec, other] = [
      await createIssuerKey('rsa'),
      await createIssuerKey('ec', 'ES256'),
      await createIssuerKey('rsa'),
    ];
    const jwks = await startJwks(rsa, ec);
    const { url } = await serverForTest(database, jwks.env);
    await expectAccepted(url, await rsa.sign());
    await expectAccepted(url, await ec.sign());
    await expectRejected(url, `Bearer ${await other.sign()}`, SIGNATURE);
    const withPublicKey = resign(await rsa.sign(), { alg: 'HS256', kid: 'rsa' }, await exportSPKI(rsa.publicKey));
    await expectRejected(url, `Bearer ${withPublicKey}`, ALGORITHM);
    await expectRejected(url, `Bearer ${unsigned(await rsa.sign())}`, ALGORITHM);
    await expectRejected(url, `Bearer ${tampered(await rsa.sign())}`, SIGNATURE);
    await expectRejected(url, `Bearer ${await rsa.sign({ expiresIn: -60 })}`, 'The token has expired.');
    await expectRejected(url, `Bearer ${await rsa.sign({ notBefore: 60 })}`, 'The token is not valid yet.');
    await expectRejected(url, `Bearer ${await rsa.sign({ expiresIn: null })}`, 'The token has no exp.');
    await expectRejected(url, `Bearer ${await rsa.sign({ sub: null })}`, 'The token has no sub.');
    await expectRejected(url, `Bearer ${await rsa.sign({ iss: 'else' })}`, 'The issuer of the token is not accepted.');
    await expectRejected(
      url,
      `Bearer ${await rsa.sign({ aud: 'else' })}`,
      'The audience of the token is not accepted.',
    );
  });
});
