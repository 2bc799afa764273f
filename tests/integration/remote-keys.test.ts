import { errors, jwtVerify } from 'jose';
import { Writable } from 'node:stream';
import { beforeAll, expect, test, vi } from 'vitest';
import { createTokenAuthentication } from '../../src/auth/authenticate-by-token.js';
import { createRemoteKeys, type RemoteKeysOptions } from '../../src/auth/remote-keys.js';
import { createLog } from '../../src/observability/log.js';
import { AUDIENCE, createIssuerKey, ISSUER, startJwks, type IssuerKey, type JwksServer } from '../support/jwks.js';

const RULES = { algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE, clockSkewSeconds: 0 };
const NO_KEY = errors.JWKSNoMatchingKey;

let first: IssuerKey;
let second: IssuerKey;
beforeAll(async () => {
  [first, second] = [await createIssuerKey('first'), await createIssuerKey('second')];
});

function keysOf({ url }: JwksServer, times: Partial<RemoteKeysOptions>) {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const keys = createRemoteKeys({ url, ...times, log: createLog({ level: 'info', destination: sink }) });
  return { ...keys, lines, verify: async (token: string) => jwtVerify(token, keys.keyOf, RULES) };
}

test('a flood of unknown keys causes one fetch per cool-down', async () => {
  const jwks = await startJwks(first);
  const { verify } = keysOf(jwks, { cooldownMs: 60_000 });
  const token = await second.sign();
  const flood = Array.from({ length: 200 }, async () => expect(verify(token)).rejects.toThrow(NO_KEY));
  await Promise.all(flood);
  for (let attempt = 0; attempt < 20; attempt += 1) await expect(verify(token)).rejects.toThrow(NO_KEY);
  expect(jwks.requests()).toBe(1);
});

test('a flood of requests during an outage causes one fetch per cool-down and one log line', async () => {
  const jwks = await startJwks(first);
  jwks.respond({ status: 500, body: '' });
  const { verify, lines } = keysOf(jwks, { cooldownMs: 60_000 });
  const token = await first.sign();
  const flood = Array.from({ length: 200 }, async () => expect(verify(token)).rejects.toThrow('unavailable'));
  await Promise.all(flood);
  for (let attempt = 0; attempt < 20; attempt += 1) await expect(verify(token)).rejects.toThrow('unavailable');
  expect(jwks.requests()).toBe(1);
  expect(lines).toHaveLength(1);
});

test.each([
  ['status 500', { status: 500, body: '' }],
  ['no JSON', { status: 200, body: '<html>' }],
  ['no key set', { status: 200, body: '{}' }],
  ['more than a megabyte', { status: 200, body: JSON.stringify({ keys: [], padding: 'a'.repeat(1_000_000) }) }],
  ['no response', 'never'] as const,
])('a JWKS server with %s leaves the known keys in use', async (_name, response) => {
  const jwks = await startJwks(first);
  const { verify, version } = keysOf(jwks, { cooldownMs: 0, refreshMs: 0, maxAgeMs: 0, timeoutMs: 100 });
  await verify(await first.sign());
  jwks.respond(response);
  await verify(await first.sign());
  await expect(verify(await second.sign())).rejects.toThrow('unavailable'); // it may be a new key
  expect(version()).toBe(1);
  jwks.respond(null);
  jwks.publish(second);
  await verify(await second.sign());
  await expect(verify(await first.sign())).rejects.toThrow(NO_KEY);
});

test('a removed key is rejected after the maximum age', async () => {
  const jwks = await startJwks(first, second);
  const { verify } = keysOf(jwks, { cooldownMs: 60_000, refreshMs: 60_000, maxAgeMs: 300 });
  const token = await first.sign();
  await verify(token);
  jwks.publish(second);
  await verify(token);
  await new Promise((resolve) => {
    setTimeout(resolve, 350);
  });
  await expect(verify(token)).rejects.toThrow(NO_KEY);
});

test('the keys are refreshed in the background before they reach the maximum age', async () => {
  const jwks = await startJwks(first, second);
  const { verify, version } = keysOf(jwks, { refreshMs: 0, cooldownMs: 60_000, maxAgeMs: 60_000 });
  const token = await first.sign();
  await verify(token);
  await verify(token);
  jwks.publish(second);
  await vi.waitUntil(async () => {
    await verify(token).catch(() => undefined);
    return version() === 2;
  });
  await expect(verify(token)).rejects.toThrow(NO_KEY);
});

test('a verified token is cached until it expires or the keys change', async () => {
  let version = 0;
  let used = 0;
  const keyOf = () => {
    used += 1;
    return first.publicKey;
  };
  const keys = { keyOf, version: () => version, maxAgeMs: 60_000 };
  const authenticate = createTokenAuthentication(keys, RULES);
  const authorization = `Bearer ${await first.sign({ expiresIn: 2 })}`;
  const identity = await authenticate({ authorization });
  expect(await authenticate({ authorization })).toBe(identity);
  expect(used).toBe(1);
  version += 1;
  await authenticate({ authorization });
  expect(used).toBe(2);
  const { expiresAt } = identity;
  vi.useFakeTimers({ now: (expiresAt ?? 0) - 1, toFake: ['Date'] });
  try {
    await authenticate({ authorization });
    expect(used).toBe(2);
    vi.setSystemTime(expiresAt ?? 0);
    await expect(authenticate({ authorization })).rejects.toThrow('The token has expired.');
  } finally {
    vi.useRealTimers();
  }
});

test('a verified token is verified again after the maximum age', async () => {
  let used = 0;
  const keyOf = () => {
    used += 1;
    return first.publicKey;
  };
  const authenticate = createTokenAuthentication({ keyOf, version: () => 0, maxAgeMs: 0 }, RULES);
  const authorization = `Bearer ${await first.sign()}`;
  await authenticate({ authorization });
  await authenticate({ authorization });
  expect(used).toBe(2);
});
