import { expect, test, vi } from 'vitest';
import { serverForTest, useDatabase } from '../support/fixture.js';
import { createIssuerKey, startJwks } from '../support/jwks.js';
import { expectAccepted, expectRejected, outcomeOverHttp, outcomeOverWebsocket } from '../support/token-outcome.js';

const database = useDatabase();

test('a rotated key is accepted, and a key that is missing and comes back', async () => {
  const [first, second] = [await createIssuerKey('first'), await createIssuerKey('second')];
  const jwks = await startJwks(first);
  const { url } = await serverForTest(database, jwks.env);
  const [old, rotated] = [await first.sign(), await second.sign()];
  await expectAccepted(url, old);
  await expectRejected(url, `Bearer ${rotated}`, 'The key of the token is unknown.');
  jwks.publish(second);
  const status = async (token: string) => (await outcomeOverHttp(url, `Bearer ${token}`)).status;
  await vi.waitUntil(async () => (await status(rotated)) === 200, { timeout: 8_000, interval: 200 });
  await expectAccepted(url, rotated);
  await expectRejected(url, `Bearer ${old}`, 'The key of the token is unknown.');
  jwks.publish(first, second);
  await vi.waitUntil(async () => (await status(old)) === 200, { timeout: 8_000, interval: 200 });
  await expectAccepted(url, old);
  await expectAccepted(url, rotated);
});

test('without it no token is judged; known keys stay in use', async () => {
  const key = await createIssuerKey('first');
  const jwks = await startJwks(key);
  await jwks.stop();
  const running = await serverForTest(database, jwks.env);
  const unavailable = {
    code: 'SERVICE_UNAVAILABLE',
    message: 'The keys that verify tokens are unavailable. Retry later.',
  };
  const token = await key.sign();
  for (let request = 0; request < 5; request += 1) {
    const outcome = await outcomeOverHttp(running.url, `Bearer ${token}`);
    expect(outcome).toMatchObject({ ...unavailable, status: 503, retryAfter: '5', challenge: null });
  }
  const closed = { accepted: false, code: 1013, message: unavailable.message };
  expect(await outcomeOverWebsocket(running.url, `Bearer ${token}`)).toEqual(closed);
  expect(running.logged.filter(({ msg }) => String(msg).includes('AUTH_JWKS_URL'))).toHaveLength(1);

  await jwks.start();
  const status = async () => (await outcomeOverHttp(running.url, `Bearer ${token}`)).status;
  await vi.waitUntil(async () => (await status()) === 200, { timeout: 8_000, interval: 200 });
  await jwks.stop();
  await expectAccepted(running.url, await key.sign({ sub: 'bob' }));
});
