import { createSecretKey } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createMetrics } from '../../src/observability/metrics.js';
import { createOperationNames } from '../../src/observability/metrics/operation-names.js';
import { createPseudonyms } from '../../src/observability/pseudonyms.js';
import { createSharedRead } from '../../src/observability/shared-read.js';

test('the first operation names are labels, all others share one', () => {
  const labelOf = createOperationNames(2);
  expect(['a', 'b', 'c', 'a', null].map(labelOf)).toEqual(['a', 'b', 'other', 'a', 'anonymous']);
});

test('pseudonyms depend on the issuer, the subject and the key', () => {
  const of = (key: string) => createPseudonyms(createSecretKey(Buffer.from(key)));
  const pseudonymOf = of('one key');
  const ann = { issuer: 'one', subject: 'ann' };
  const others = [pseudonymOf({ ...ann, issuer: 'two' }), pseudonymOf({ ...ann, subject: 'bob' }), of('other')(ann)];
  expect(new Set([pseudonymOf(ann), ...others]).size).toBe(4);
  expect(pseudonymOf({ ...ann })).toBe(pseudonymOf(ann));
  expect(pseudonymOf({ issuer: '', subject: null })).toBeUndefined();
});

test('concurrent calls share one read, and later calls its result for a time', async () => {
  let reads = 0;
  const read = createSharedRead({
    read: () => Promise.resolve((reads += 1)),
    cacheMs: 60_000,
    onFailure: () => undefined,
  });
  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  expect(await read()).toBe(1);
});

test('a read that hangs or fails is null, and at most one is in progress', async () => {
  vi.useFakeTimers();
  const failures: unknown[] = [];
  const reads: PromiseWithResolvers<number>[] = [];
  const read = createSharedRead({
    read: () => {
      const pending = Promise.withResolvers<number>();
      reads.push(pending);
      return pending.promise;
    },
    cacheMs: 0,
    onFailure: (cause) => failures.push(cause),
  });
  const hanging = [read(), read()];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await Promise.all(hanging)).toEqual([null, null]);
  const next = read();
  expect(reads.length).toBe(1);
  const failure = new Error('no database');
  reads[0]?.reject(failure);
  expect(await next).toBeNull();
  expect(failures).toEqual([failure]);
  const later = read();
  reads[1]?.resolve(7);
  expect(await later).toBe(7);
  vi.useRealTimers();
});

test('a batch is measured once with its failures, and its error is passed on', async () => {
  const { batches, registry } = createMetrics();
  const failing = batches.run({ kind: 'order', size: 3 }, () => Promise.reject(new Error('no database')));
  await expect(failing).rejects.toThrow('no database');
  const results = [new Error('this command fails'), { kind: 'aborted' }];
  expect(await batches.run({ kind: 'write', size: 2 }, () => Promise.resolve(results))).toBe(results);
  const text = await registry.metrics();
  expect(text).toContain('ordergraph_batch_failures_total{kind="order"} 3\n');
  expect(text).toContain('ordergraph_batch_failures_total{kind="write"} 1\n');
  expect(text).toContain('ordergraph_batch_size_sum{kind="order"} 3\n');
});

test('a gauge without a value is absent', async () => {
  const { eventLog, registry } = createMetrics();
  let position: number | null = 5;
  eventLog.watch({
    eventLog: () => Promise.resolve(position === null ? null : { position, unsequenced: 0, unsequencedMs: null }),
    consumers: () => Promise.resolve(null),
  });
  expect(await registry.metrics()).toContain('\nordergraph_event_log_position 5\n');
  position = null;
  expect(await registry.metrics()).not.toMatch(/^ordergraph_event_log_position /m);
});
