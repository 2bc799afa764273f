import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import type { BatchWriter, LockConflict, WriteResult } from '../../src/orders/interfaces/batch-writer.js';
import { isAbandoned } from '../../src/orders/interfaces/caller.js';
import type { WriteCommand } from '../../src/orders/interfaces/order-writer.js';
import { callerOf } from '../support/caller.js';
import { deleteCommand } from '../support/commands.js';

const BOUNDS = {
  lanes: 2,
  stallMs: 800,
  maxCommands: 100,
  maxItems: 1_000,
  maxBytes: 1_000_000,
  maxQueued: 1_000,
  maxQueuedBytes: 9_000_000,
};
const LOCKED: LockConflict = { kind: 'lock-conflict', on: 'order' };
const DONE = { kind: 'aborted' } as const;

/** Longer than the longest pause between two probes of a locked order. */
const PROBE_MS = 200;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A store in which the orders with ids in `locked` are locked. */
function createStore(locked: Set<string>) {
  const writes: (readonly WriteCommand[])[] = [];
  const probes: (readonly string[])[] = [];
  const store: BatchWriter = {
    write: (calls) => {
      writes.push(calls.map(({ command }) => command));
      const results = calls.map<WriteResult>(({ command, caller }) => {
        if (isAbandoned(caller)) return new Error('too late');
        return command.kind === 'change' && locked.has(command.orderId) ? LOCKED : DONE;
      });
      return Promise.resolve(results);
    },
    findUnlocked: (ids) => {
      probes.push(ids);
      return Promise.resolve(new Set(ids.filter((id) => !locked.has(id))));
    },
  };
  return { writer: coalesceWrites(store, BOUNDS), writes, probes };
}

test('waiting commands are probed together, once for each order, and retried only when their order is unlocked', async () => {
  const ids = Array.from({ length: 20 }, (): string => randomUUID());
  const locked = new Set(ids);
  const { writer, writes, probes } = createStore(locked);
  const outcomes = [...ids, ...ids, ...ids].map((id) => writer.write(deleteCommand(id), callerOf()));
  await vi.advanceTimersByTimeAsync(4 * PROBE_MS);
  expect(probes.filter((probe) => probe.length === 20).length).toBeGreaterThan(2);
  for (const probe of probes) expect(new Set(probe).size).toBe(probe.length);
  expect(writes.length).toBeLessThanOrEqual(3); // the batch, and one retry in case the lock is short
  const [unlocked = ''] = ids;
  locked.delete(unlocked);
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await Promise.all([outcomes[0], outcomes[20], outcomes[40]])).toEqual([DONE, DONE, DONE]);
  const { length } = writes;
  expect(writes.at(-1)?.map((command) => 'orderId' in command && command.orderId)).toEqual([
    unlocked,
    unlocked,
    unlocked,
  ]);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  await Promise.all(outcomes);
  expect(writes.length).toBeLessThanOrEqual(length + 2);
  await writer.idle();
});

test('a new command on an order known to be locked waits without a batch', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const first = writer.write(deleteCommand(id), callerOf());
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(probes.length).toBeGreaterThan(0);
  const { length } = writes;
  const more = Array.from({ length: 5 }, () => writer.write(deleteCommand(id), callerOf()));
  const probed = probes.length;
  await vi.advanceTimersByTimeAsync(2 * PROBE_MS);
  expect(probes.length).toBeGreaterThan(probed + 1);
  expect(writes).toHaveLength(length);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  await Promise.all([first, ...more]);
  expect(writes.at(-1)).toHaveLength(6); // in one batch
});

test('a command on a briefly locked order is retried without a probe', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const outcome = writer.write(deleteCommand(id), callerOf());
  await vi.advanceTimersByTimeAsync(1);
  expect(writes).toHaveLength(1);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await outcome).toBe(DONE);
  expect([writes.length, probes.length]).toEqual([2, 0]);
});

test('a command leaves the queue at its deadline, and probes of its order stop', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const outcome = Promise.allSettled([
    writer.write(deleteCommand(id), callerOf({ deadline: performance.now() + 100 })),
  ]);
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await outcome).toMatchObject([{ reason: { code: 'SERVICE_UNAVAILABLE' } }]);
  await writer.idle();
  await vi.advanceTimersByTimeAsync(2 * PROBE_MS);
  const [probed, written] = [probes.length, writes.length];
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(probes).toHaveLength(probed);
  const again = writer.write(deleteCommand(id), callerOf());
  await vi.advanceTimersByTimeAsync(1);
  expect(writes.length).toBeGreaterThan(written); // in a batch, because the order is no longer known to be locked
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await again).toBe(DONE);
});

test('orders found locked at different times are soon probed together', async () => {
  const ids = Array.from({ length: 10 }, (): string => randomUUID());
  const locked = new Set(ids);
  const { writer, probes } = createStore(locked);
  const outcomes: Promise<unknown>[] = [];
  for (const id of ids) {
    outcomes.push(writer.write(deleteCommand(id), callerOf()));
    await vi.advanceTimersByTimeAsync(7);
  }
  await vi.advanceTimersByTimeAsync(4 * PROBE_MS);
  expect(probes.filter((probe) => probe.length === ids.length).length).toBeGreaterThan(1);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  await Promise.all(outcomes);
});

test('the size of a command is computed once, regardless of the number of retries', async () => {
  let computed = 0;
  const counted = {
    get text() {
      computed += 1;
      return '';
    },
  };
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, probes } = createStore(locked);
  const details = { metadata: counted } as unknown as Record<string, never>;
  const change = { kind: 'update', details, amounts: {}, expectedTotal: null, lines: null } as const;
  const outcome = writer.write({ ...deleteCommand(id), change }, callerOf());
  await vi.advanceTimersByTimeAsync(2 * PROBE_MS);
  expect(probes.length).toBeGreaterThan(1);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  await outcome;
  expect(computed).toBe(1);
});

test('commands on locked orders fill at most half of the queue; other commands are still accepted', async () => {
  const [lockedId, freeId] = [randomUUID(), randomUUID()];
  const locked = new Set<string>([lockedId]);
  const { writer } = createStore(locked);
  const waiting = Array.from({ length: BOUNDS.maxQueued / 2 }, () => writer.write(deleteCommand(lockedId), callerOf()));
  const before = writer.write(deleteCommand(freeId), callerOf());
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await before).toEqual(DONE);
  const excess = Promise.allSettled([writer.write(deleteCommand(lockedId), callerOf())]);
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await excess).toMatchObject([{ reason: { code: 'OVERLOADED' } }]);
  const after = writer.write(deleteCommand(freeId), callerOf());
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await after).toEqual(DONE);
  locked.clear();
  await vi.advanceTimersByTimeAsync(PROBE_MS);
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => DONE));
});
