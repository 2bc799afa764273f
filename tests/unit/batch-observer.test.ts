import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { BatchObserver, ObservedBatch } from '../../src/coalesce/batch-observer.js';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import type { BatchOrderReader } from '../../src/orders/interfaces/order-reader.js';
import { callerOf } from '../support/caller.js';
import { deleteCommand } from '../support/commands.js';

const QUEUE = { maxQueued: 100, maxQueuedBytes: 1_000_000, stallMs: 10_000 };
const READS = { lanes: 1, expensiveLanes: 1, maxKeys: 100, ...QUEUE };
const WRITES = { lanes: 1, maxCommands: 100, maxItems: 100, maxBytes: 1_000_000, ...QUEUE };

function createObserver() {
  const batches: (ObservedBatch & { failed: boolean | number })[] = [];
  const depths = new Map<string, () => number>();
  const observer: BatchObserver = {
    async run(batch, work) {
      const observed = { ...batch, failed: true as boolean | number };
      batches.push(observed);
      const results = await work();
      observed.failed = results.filter((result) => result instanceof Error).length;
      return results;
    },
    queue: (kind, depth) => void depths.set(kind, depth),
  };
  return { observer, batches, depths };
}

function readerOf(read: (ids: readonly string[]) => Promise<readonly null[]>): BatchOrderReader {
  const kind = { nameOf: (id: string) => ({ shape: '', member: id }), read };
  return new Proxy({}, { get: () => kind }) as BatchOrderReader;
}

test('an observer sees each batch of reads with its distinct keys and its callers', async () => {
  const { observer, batches, depths } = createObserver();
  const reader = readerOf((ids) => Promise.resolve(ids.map(() => null)));
  const readerFor = coalesceReads(reader, READS, observer);
  const callers = [callerOf(), callerOf(), callerOf()];
  const reads = callers.map(async (caller, index) => readerFor(caller).order(index === 0 ? 'a' : 'b'));
  expect(depths.get('order')?.()).toBe(0); // a DataLoader loads in the next turn
  await Promise.all(reads);
  expect(batches).toEqual([{ kind: 'order', size: 2, callers, failed: 0 }]);
  expect(depths.get('order')?.()).toBe(0);
});

test('an observer sees that a read fails', async () => {
  const { observer, batches } = createObserver();
  const readerFor = coalesceReads(
    readerOf(() => Promise.reject(new Error('no database'))),
    READS,
    observer,
  );
  await expect(readerFor(callerOf()).idOfNumber('1')).rejects.toThrow('no database');
  expect(batches).toMatchObject([{ kind: 'idOfNumber', failed: true }]);
});

test('an observer sees each batch of writes, its failed commands and the depth of the queue', async () => {
  const { observer, batches, depths } = createObserver();
  const error = new Error('this command fails');
  const { promise, resolve } = Promise.withResolvers<void>();
  const writer = coalesceWrites(
    {
      write: async (calls) => {
        await promise;
        return calls.map((_, index) => (index === 0 ? error : { kind: 'aborted' }));
      },
      findUnlocked: () => Promise.resolve(new Set()),
    },
    WRITES,
    observer,
  );
  const outcomes = [1, 2, 3].map(async () => writer.write(deleteCommand(randomUUID()), callerOf()));
  expect(depths.get('write')?.()).toBe(3);
  resolve();
  await Promise.allSettled(outcomes);
  expect(batches).toMatchObject([{ kind: 'write', size: 3, failed: 1 }]);
  expect(depths.get('write')?.()).toBe(0);
});

test('each queue is announced once, under its own kind', () => {
  const kinds: string[] = [];
  const observer = { ...createObserver().observer, queue: (kind: string) => void kinds.push(kind) };
  coalesceReads(
    readerOf(() => Promise.resolve([])),
    READS,
    observer,
  );
  expect(kinds.length).toBe(new Set(kinds).size);
  expect(kinds).toContain('longCount');
});
