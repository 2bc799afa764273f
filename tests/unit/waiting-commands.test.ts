import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import type { BatchWriter, LockConflict, WriteResult } from '../../src/orders/interfaces/batch-writer.js';
import { isAbandoned } from '../../src/orders/interfaces/caller.js';
import type { WriteCommand } from '../../src/orders/interfaces/order-writer.js';
import { callerOf } from '../support/caller.js';
import { deleteCommand } from '../support/commands.js';

const BOUNDS = {
  lanes: 2,
  maxCommands: 100,
  maxItems: 1_000,
  maxBytes: 1_000_000,
  maxQueued: 1_000,
  maxQueuedBytes: 9_000_000,
};
const LOCKED: LockConflict = { kind: 'lock-conflict', on: 'order' };
const DONE = { kind: 'aborted' } as const;

/** A store whose orders are locked as long as their ids are in `locked`. */
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

test('all waiting commands are probed together, each order once, and retried only when their order is free', async () => {
  const ids = Array.from({ length: 20 }, (): string => randomUUID());
  const locked = new Set(ids);
  const { writer, writes, probes } = createStore(locked);
  const outcomes = [...ids, ...ids, ...ids].map((id) => writer.write(deleteCommand(id), callerOf()));
  await expect.poll(() => probes.filter((probe) => probe.length === 20).length).toBeGreaterThan(2);
  for (const probe of probes) expect(new Set(probe).size).toBe(probe.length);
  expect(writes.length).toBeLessThanOrEqual(3); // the batch, and a retry for what may be a short lock
  const [free = ''] = ids;
  locked.delete(free);
  expect(await Promise.all([outcomes[0], outcomes[20], outcomes[40]])).toEqual([DONE, DONE, DONE]);
  const { length } = writes;
  expect(writes.at(-1)?.map((command) => 'orderId' in command && command.orderId)).toEqual([free, free, free]);
  locked.clear();
  await Promise.all(outcomes);
  expect(writes.length).toBeLessThanOrEqual(length + 2);
  await writer.idle();
});

test('a new command on an order that is known to be locked joins the waiting ones without a batch', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const first = writer.write(deleteCommand(id), callerOf());
  await expect.poll(() => probes.length).toBeGreaterThan(0);
  const { length } = writes;
  const more = Array.from({ length: 5 }, () => writer.write(deleteCommand(id), callerOf()));
  const seen = probes.length;
  await expect.poll(() => probes.length).toBeGreaterThan(seen + 1);
  expect(writes).toHaveLength(length);
  locked.clear();
  await Promise.all([first, ...more]);
  expect(writes.at(-1)).toHaveLength(6); // in one batch
});

test('a short lock is retried without a probe', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const outcome = writer.write(deleteCommand(id), callerOf());
  while (writes.length === 0) await sleep(0);
  locked.clear();
  expect(await outcome).toBe(DONE);
  expect([writes.length, probes.length]).toEqual([2, 0]);
});

test('a command whose deadline passes while its order is locked leaves the queue; the order is forgotten', async () => {
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, writes, probes } = createStore(locked);
  const outcome = writer.write(deleteCommand(id), callerOf({ deadline: performance.now() + 100 }));
  await expect(outcome).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await writer.idle();
  await sleep(400); // longer than a lock is remembered
  const [probed, written] = [probes.length, writes.length];
  await sleep(200);
  expect(probes).toHaveLength(probed);
  const again = writer.write(deleteCommand(id), callerOf());
  await expect.poll(() => writes.length).toBeGreaterThan(written); // in a batch, as any other
  locked.clear();
  expect(await again).toBe(DONE);
});

test('orders that are met locked at different times are soon probed at the same time', async () => {
  const ids = Array.from({ length: 10 }, (): string => randomUUID());
  const locked = new Set(ids);
  const { writer, probes } = createStore(locked);
  const outcomes: Promise<unknown>[] = [];
  for (const id of ids) {
    outcomes.push(writer.write(deleteCommand(id), callerOf()));
    await sleep(7);
  }
  await expect.poll(() => probes.filter((probe) => probe.length === ids.length).length).toBeGreaterThan(1);
  locked.clear();
  await Promise.all(outcomes);
});

test('the size of a command is computed once, however often it is retried', async () => {
  let computed = 0;
  const counted = {
    toJSON: () => {
      computed += 1;
      return {};
    },
  };
  const id = randomUUID();
  const locked = new Set([id]);
  const { writer, probes } = createStore(locked);
  const details = { metadata: counted } as unknown as Record<string, never>;
  const change = { kind: 'update', details, amounts: {}, expectedTotal: null, lines: null } as const;
  const outcome = writer.write({ ...deleteCommand(id), change }, callerOf());
  await expect.poll(() => probes.length).toBeGreaterThan(1);
  locked.clear();
  await outcome;
  expect(computed).toBe(1);
});

test('commands on locked orders fill at most half of the queue, so that others are still accepted', async () => {
  const [lockedId, freeId] = [randomUUID(), randomUUID()];
  const locked = new Set<string>([lockedId]);
  const { writer } = createStore(locked);
  const waiting = Array.from({ length: BOUNDS.maxQueued / 2 }, () => writer.write(deleteCommand(lockedId), callerOf()));
  await expect(writer.write(deleteCommand(freeId), callerOf())).resolves.toEqual(DONE);
  await expect(writer.write(deleteCommand(lockedId), callerOf())).rejects.toMatchObject({ code: 'OVERLOADED' });
  await expect(writer.write(deleteCommand(freeId), callerOf())).resolves.toEqual(DONE);
  locked.clear();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => DONE));
});
