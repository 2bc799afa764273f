import { describe, expect, test } from 'vitest';
import { levelAfter, levelOf, restoreTime } from '../../src/rate-limit/bucket.js';
import { BASE_PRICE, Charge } from '../../src/rate-limit/charge.js';
import { keyOfAddress, keyOfViewer } from '../../src/rate-limit/client-key.js';
import { createMemoryRateLimiter } from '../../src/rate-limit/memory-rate-limiter.js';
import { describeRateLimiter } from '../support/rate-limiter-contract.js';

const SETTINGS = { capacity: 1_000, restoreRate: 100 };

function limiterWithClock(settings = SETTINGS, maxBuckets = 100) {
  const clock = { ms: 0 };
  return { clock, limiter: createMemoryRateLimiter(settings, { now: () => clock.ms, maxBuckets }) };
}

describe('in memory', () => {
  describeRateLimiter((settings) => {
    const { clock, limiter } = limiterWithClock(settings);
    const wait = (ms: number) => {
      clock.ms += ms;
      return Promise.resolve();
    };
    return Promise.resolve({ limiter, wait });
  });
});

test('the level of a bucket follows its rate, and never a clock that is set back', () => {
  const bucket = { level: 200, at: 1_000 };
  expect([1_000, 1_500, 2_000, 60_000, 0].map((now) => levelOf(bucket, SETTINGS, now))).toEqual([
    200, 250, 300, 1_000, 200,
  ]);
  expect(levelOf(undefined, SETTINGS, 5)).toBe(1_000);
  expect([100, 300, -100, -5_000].map((points) => levelAfter(200, points, SETTINGS))).toEqual([100, 0, 300, 1_000]);
  expect([restoreTime(50, SETTINGS), restoreTime(0.001, SETTINGS), restoreTime(-5, SETTINGS)]).toEqual([500, 1, 0]);
});

test('the number of buckets in memory is limited, and a full bucket takes no memory', () => {
  const { limiter, clock } = limiterWithClock(SETTINGS, 3);
  for (let index = 0; index < 10; index += 1) limiter.take(`client ${index}`, 10);
  expect(limiter.size).toBe(3);
  limiter.adjust('client 9', -10);
  expect(limiter.size).toBe(2);
  limiter.take('client 8', 990);
  clock.ms += 60_000;
  expect(limiter.known('client 8')).toBe(1_000);
});

test('a request costs its actual cost in the end', () => {
  const { limiter } = limiterWithClock();
  const charge = new Charge(limiter, 'a');
  expect(charge.rejectionOnArrival()).toBeNull();
  expect(charge.takeDocument(20)).toBeUndefined();
  expect(limiter.known('a')).toBe(1_000 - BASE_PRICE - 200);
  expect(charge.takeRequested(500)).toBeUndefined();
  expect(limiter.known('a')).toBe(500);
  expect(charge.settle(30)).toEqual({ maximumAvailable: 1_000, currentlyAvailable: 970, restoreRate: 100 });
  charge.end();
  expect(limiter.known('a')).toBe(970);
});

test('a request that is rejected before its cost is known costs the base price and its unknown document', () => {
  const { limiter } = limiterWithClock();
  new Charge(limiter, 'a').end();
  expect(limiter.known('a')).toBe(1_000 - BASE_PRICE);
  const hostile = new Charge(limiter, 'a');
  void hostile.takeDocument(30);
  hostile.end();
  expect(limiter.known('a')).toBe(1_000 - 2 * BASE_PRICE - 300);
});

test('a request without enough points is rejected with the time to wait, and costs nothing', () => {
  const { limiter, clock } = limiterWithClock();
  limiter.take('a', 950);
  const charge = new Charge(limiter, 'a');
  expect(charge.rejectionOnArrival()).toMatchObject({ code: 'THROTTLED', details: { retryAfterMs: 500 } });
  clock.ms += 500;
  expect(new Charge(limiter, 'a').rejectionOnArrival()).toBeNull();
  const large = new Charge(limiter, 'a');
  expect(() => large.takeRequested(700)).toThrow('Retry in 6000 ms');
  large.end();
  expect(limiter.known('a')).toBe(100);
});

test('viewers are told apart by issuer and subject, and their keys contain neither', () => {
  const viewers = [
    { issuer: 'one', subject: 'ann' },
    { issuer: 'two', subject: 'ann' },
    { issuer: 'one', subject: 'bob' },
    { issuer: '', subject: 'one,ann' },
  ];
  const keys = viewers.map(keyOfViewer);
  expect(new Set(keys).size).toBe(viewers.length);
  expect(keyOfViewer({ issuer: 'one', subject: 'ann' })).toBe(keys[0]);
  expect(keys.join()).not.toMatch(/ann|bob/);
  expect(keyOfViewer({ issuer: '', subject: null })).toBeNull();
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::1', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('the address %s has the bucket of %s', (address, network) => {
  expect(keyOfAddress(address)).toBe(`a:${network}`);
});
