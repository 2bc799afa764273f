import { expect, onTestFinished, test, vi } from 'vitest';
import { createCoalescer, type CoalescerOptions } from '../../src/coalesce/coalescer.js';
import { createLanes } from '../../src/coalesce/lanes.js';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { sizeOf, split } from '../../src/coalesce/command-size.js';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import { toOrderFilter } from '../../src/graphql/order-filter.js';
import { RequestError } from '../../src/domain/errors.js';
import { callerOf } from '../support/caller.js';
import { draftOrder } from '../support/drafts.js';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { actorOf } from '../../src/domain/viewer.js';
import type { BatchOrderReader } from '../../src/orders/interfaces/order-reader.js';
import type { ChangeOrder, CreateOrder, WriteCommand } from '../../src/orders/interfaces/order-writer.js';

/** A coalescer whose batches end when the test calls `finish` or `fail`. */
function create(options: Partial<CoalescerOptions<string, string>> = {}) {
  const batches: {
    keys: readonly string[];
    finish: (results?: readonly (string | Error)[]) => void;
    fail: (cause: Error) => void;
  }[] = [];
  const coalescer = createCoalescer<string, string>({
    what: 'read',
    lanes: createLanes(1),
    maxBatch: 100,
    maxQueued: 1_000,
    maxQueuedBytes: 1_000,
    weigh: (key) => key.length,
    unstartedMessage: 'not started',
    lateMessage: 'late',
    run: (calls) =>
      new Promise((resolve, reject) => {
        const keys = calls.map((call) => call.key);
        batches.push({ keys, finish: (results = keys.map((key) => `${key}!`)) => resolve(results), fail: reject });
      }),
    ...options,
  });
  return { coalescer, batches };
}

/** Runs pending work: lanes are filled in the check phase, and results settle in later turns of the event loop. */
async function turn(): Promise<void> {
  for (let index = 0; index < 3; index += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('concurrent calls share a batch; calls that arrive while it runs share the next one', async () => {
  const { coalescer, batches } = create();
  const first = ['a', 'b'].map((key) => coalescer.load(key, callerOf()));
  await turn();
  const second = ['c', 'a', 'd'].map((key) => coalescer.load(key, callerOf()));
  await turn();
  expect(batches.map((batch) => batch.keys)).toEqual([['a', 'b']]);
  batches[0]?.finish();
  expect(await Promise.all(first)).toEqual(['a!', 'b!']);
  await turn();
  expect(batches[1]?.keys).toEqual(['c', 'a', 'd']); // nothing is cached, so 'a' is read again
  batches[1]?.finish();
  expect(await Promise.all(second)).toEqual(['c!', 'a!', 'd!']);
});

test('when no batch ends for the stall time, queued calls are rejected, and further ones at once until a batch ends', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { coalescer, batches } = create({ lanes: createLanes(2, 800) });
  const running: Promise<string>[] = [];
  for (const key of ['a', 'b']) {
    running.push(coalescer.load(key, callerOf()));
    await turn();
  }
  vi.advanceTimersByTime(700);
  batches[0]?.finish(); // progress
  await turn();
  running.push(coalescer.load('c', callerOf()));
  await turn();
  const queued = outcome(coalescer.load('d', callerOf()));
  vi.advanceTimersByTime(700);
  await turn();
  expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['b'], ['c']]);
  vi.advanceTimersByTime(100);
  expect(await queued).toBe('OVERLOADED');
  expect(await outcome(coalescer.load('e', callerOf()))).toBe('OVERLOADED');
  batches[1]?.finish();
  await turn();
  running.push(coalescer.load('f', callerOf()));
  await turn();
  for (const batch of batches) batch.finish();
  expect(await Promise.all(running)).toEqual(['a!', 'b!', 'c!', 'f!']); // 'd' has not run
  expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['b'], ['c'], ['f']]);
  await coalescer.idle();
});

async function outcome(call: Promise<string>): Promise<string> {
  return call.catch((cause: unknown) => (cause instanceof RequestError ? cause.code : String(cause)));
}

test('each lane runs one batch of bounded size at a time', async () => {
  const { coalescer, batches } = create({ lanes: createLanes(2), maxBatch: 3 });
  const all = Array.from({ length: 10 }, async (_, index) => coalescer.load(String(index), callerOf()));
  await turn();
  expect(batches.map((batch) => batch.keys.length)).toEqual([3, 3]);
  batches[1]?.finish();
  await turn();
  batches[0]?.finish();
  await turn();
  expect(batches.map((batch) => batch.keys.length)).toEqual([3, 3, 3, 1]);
  for (const batch of batches.slice(2)) batch.finish();
  expect(await Promise.all(all)).toEqual(Array.from({ length: 10 }, (_, index) => `${index}!`));
});

test('an error result fails only its call; a failed batch fails only its calls and frees its lane', async () => {
  const { coalescer, batches } = create();
  const mixed = Promise.allSettled(['a', 'b'].map((key) => coalescer.load(key, callerOf())));
  await turn();
  batches[0]?.finish(['fine', new Error('bad')]);
  expect(await mixed).toMatchObject([{ value: 'fine' }, { reason: { message: 'bad' } }]);
  const failed = coalescer.load('c', callerOf());
  await turn();
  batches[1]?.fail(new Error('failed'));
  await expect(failed).rejects.toThrow('failed');
  const after = coalescer.load('d', callerOf());
  await turn();
  batches[2]?.finish();
  expect(await after).toBe('d!');
});

test('null is a valid result', async () => {
  const { coalescer, batches } = create();
  const answer = coalescer.load('a', callerOf());
  await turn();
  batches[0]?.finish([null as unknown as string]);
  expect(await answer).toBeNull();
});

test('a full queue rejects calls at once', async () => {
  const { coalescer, batches } = create({ maxQueued: 2, maxQueuedBytes: 10 });
  const first = coalescer.load('aaaaa', callerOf());
  await expect(coalescer.load('bbbbbb', callerOf())).rejects.toMatchObject({ code: 'OVERLOADED' });
  const second = coalescer.load('b', callerOf());
  await expect(coalescer.load('c', callerOf())).rejects.toMatchObject({ code: 'OVERLOADED' });
  await turn();
  batches[0]?.finish();
  await Promise.all([first, second]);
  const third = coalescer.load('c', callerOf());
  await turn();
  batches[1]?.finish();
  expect(await third).toBe('c!');
});

test('calls of disconnected callers and calls past their deadline leave the queue without running', async () => {
  const { coalescer, batches } = create();
  const busy = coalescer.load('busy', callerOf());
  await turn();
  const disconnection = new AbortController();
  const disconnected = Promise.allSettled([coalescer.load('disconnected', callerOf({ signal: disconnection.signal }))]);
  const late = coalescer.load('late', callerOf({ deadline: performance.now() + 20 }));
  const connected = coalescer.load('connected', callerOf());
  disconnection.abort();
  await expect(late).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    message: 'not started',
  });
  batches[0]?.finish();
  await busy;
  await turn();
  expect(batches[1]?.keys).toEqual(['connected']);
  batches[1]?.finish();
  expect(await connected).toBe('connected!');
  expect(await disconnected).toMatchObject([{ reason: { code: 'CANCELLED' } }]);
  await expect(coalescer.load('never', callerOf({ deadline: performance.now() - 1 }))).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
});

test('a deadline that passes during the batch fails the call at once, and the late result is dropped', async () => {
  const { coalescer, batches } = create();
  const late = coalescer.load('a', callerOf({ deadline: performance.now() + 30 }));
  await expect(late).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', message: 'late' });
  batches[0]?.finish();
  await coalescer.idle();
});

test('idle resolves when no call is queued or running', async () => {
  const { coalescer, batches } = create();
  await coalescer.idle();
  const answer = coalescer.load('a', callerOf());
  let idle = false;
  const waiting = coalescer.idle().then(() => (idle = true));
  await turn();
  expect(idle).toBe(false);
  batches[0]?.finish();
  await Promise.all([answer, waiting]);
  expect(idle).toBe(true);
});

test('each group of keys has its own batch, and its calls end with this batch', async () => {
  const { coalescer, batches } = create({ lanes: createLanes(2), groupOf: (key) => key.charAt(0) });
  const answers = ['a1', 'b1', 'a2', 'c1'].map(async (key) => coalescer.load(key, callerOf()));
  await turn();
  expect(batches.map((batch) => batch.keys)).toEqual([['a1', 'a2'], ['b1']]);
  batches[1]?.finish();
  expect(await answers[1]).toBe('b1!');
  await turn();
  const late = coalescer.load('a3', callerOf()); // a batch of its group is running
  await turn();
  expect(batches.map((batch) => batch.keys)).toEqual([['a1', 'a2'], ['b1'], ['c1']]);
  for (const batch of batches) batch.finish();
  expect(await Promise.all(answers)).toEqual(['a1!', 'b1!', 'a2!', 'c1!']);
  await turn();
  batches[3]?.finish();
  expect(await late).toBe('a3!');
});

test('a group without connected callers is not run', async () => {
  const { coalescer, batches } = create({ groupOf: (key) => key });
  const busy = coalescer.load('busy', callerOf());
  await turn();
  const disconnection = new AbortController();
  const counts = Array.from({ length: 50 }, async (_, index) =>
    coalescer.load(`count ${index}`, callerOf({ signal: disconnection.signal })),
  );
  const connected = coalescer.load('connected', callerOf());
  disconnection.abort();
  batches[0]?.finish();
  for (const result of await Promise.allSettled(counts))
    expect(result).toMatchObject({ reason: { code: 'CANCELLED' } });
  await turn();
  batches[1]?.finish();
  expect(await Promise.all([busy, connected])).toEqual(['busy!', 'connected!']);
  expect(batches.map((batch) => batch.keys)).toEqual([['busy'], ['connected']]);
});

test('coalescers that share lanes alternate, regardless of the number of their batches', async () => {
  const lanes = createLanes(1);
  const order: string[] = [];
  const run = (calls: readonly { readonly key: string }[]) => {
    order.push(...calls.map(({ key }) => key));
    return Promise.resolve(calls.map(({ key }) => key));
  };
  const pages = create({ lanes, run, groupOf: (key) => key }).coalescer;
  const orders = create({ lanes, run }).coalescer;
  const many = Array.from({ length: 20 }, async (_, index) => pages.load(`page ${index}`, callerOf()));
  await Promise.all([...many, orders.load('order', callerOf())]);
  expect(order.slice(0, 3)).toEqual(['page 0', 'order', 'page 1']);
});

const BOUNDS = {
  lanes: 4,
  stallMs: 800,
  expensiveLanes: 2,
  maxKeys: 1_000,
  maxQueued: 10_000,
  maxQueuedBytes: 1_000_000,
};

/** A reader with these functions. All others reject. */
function readerWith(reads: Partial<BatchOrderReader>): BatchOrderReader {
  const none = { nameOf: () => ({ shape: '', member: '' }), read: () => Promise.reject(new Error('unexpected read')) };
  return new Proxy(reads, { get: (target, name) => Reflect.get(target, name) ?? none }) as BatchOrderReader;
}

const anyOrder = { nameOf: (id: string) => ({ shape: '', member: id }) };

test('fifty concurrent lookups of single orders share one read with distinct keys', async () => {
  const reads: (readonly string[])[] = [];
  const read = (ids: readonly string[]) => {
    reads.push(ids);
    return Promise.resolve(ids.map(() => null));
  };
  const readerFor = coalesceReads(readerWith({ order: { ...anyOrder, read } }), BOUNDS);
  await Promise.all(Array.from({ length: 50 }, async (_, index) => readerFor(callerOf()).order(`order ${index % 25}`)));
  expect(reads.map((ids) => ids.length)).toEqual([25]);
});

test('the items of a page are one call, after which they are there without a promise', async () => {
  const reads: (readonly string[])[] = [];
  const items = {
    ...anyOrder,
    read: (ids: readonly string[]) => Promise.resolve((reads.push(ids), ids.map(() => []))),
  };
  const reader = coalesceReads(readerWith({ items }), BOUNDS)(callerOf());
  expect(await reader.prefetchItems(['a', 'b', 'c'])).toEqual([0, 0, 0]);
  expect(reader.items('b')).toEqual([]);
  expect(reads).toEqual([['a', 'b', 'c']]);
});

test('items that could not be prefetched are not read again, and fail for each order', async () => {
  let reads = 0;
  const read = () => Promise.reject(new Error(`read ${(reads += 1)}`));
  const reader = coalesceReads(readerWith({ items: { ...anyOrder, read } }), BOUNDS)(callerOf());
  expect(await reader.prefetchItems(['a', 'b'])).toEqual([0, 0]);
  await expect(reader.items('a')).rejects.toThrow('read 1');
  await expect(reader.items('b')).rejects.toThrow('read 1');
  expect(reads).toBe(1);
});

test('a statement has at most as many keys as its shape allows, also where one call has more', async () => {
  const statements: (readonly string[])[] = [];
  const read =
    <V>(valueOf: (id: string) => V) =>
    (ids: readonly string[]) => {
      statements.push(ids);
      return Promise.resolve(ids.map(valueOf));
    };
  const reads = {
    items: { ...anyOrder, read: read(() => []) },
    idOfNumber: { ...anyOrder, read: read((id) => `${id}!`), maxKeysOf: () => 2 },
  };
  const reader = coalesceReads(readerWith(reads), { ...BOUNDS, maxKeys: 3 })(callerOf());
  expect(await reader.prefetchItems(['a', 'b', 'c', 'd'])).toEqual([0, 0, 0, 0]);
  expect(await Promise.all(['1', '2', '3'].map(async (id) => reader.idOfNumber(id)))).toEqual(['1!', '2!', '3!']);
  expect(statements).toEqual([['a', 'b', 'c'], ['d'], ['1', '2'], ['3']]);
});

test('keys of one shape share a statement, and each lookup ends with its own statement', async () => {
  const statements: string[][] = [];
  const nameOf = (number: string) => ({ shape: number.charAt(0), member: number.slice(1) });
  const read = (numbers: readonly string[]) => {
    statements.push([...numbers]);
    return numbers[0] === 'a1'
      ? new Promise<never>(() => undefined)
      : Promise.resolve(numbers.map((each) => `${each}!`));
  };
  const reader = coalesceReads(readerWith({ idOfNumber: { nameOf, read } }), BOUNDS)(callerOf());
  reader.idOfNumber('a1').catch(() => undefined); // its statement never ends
  const others = ['b1', 'b2', 'b1', 'c1'].map(async (number) => reader.idOfNumber(number));
  expect(await Promise.all(others)).toEqual(['b1!', 'b2!', 'b1!', 'c1!']);
  expect(statements).toEqual([['a1'], ['b1', 'b2'], ['c1']]);
});

test('counts and statistics run two at a time and do not delay the read of an order', async () => {
  let running = 0;
  const never = () => {
    running += 1;
    return new Promise<never>(() => undefined);
  };
  const nameOf = (key: object) => ({ shape: JSON.stringify(key), member: '' });
  const reader = coalesceReads(
    readerWith({
      order: { ...anyOrder, read: (ids) => Promise.resolve(ids.map(() => null)) },
      count: { nameOf, read: never },
      stats: { nameOf, read: never },
    }),
    BOUNDS,
  )(callerOf());
  const filter = toOrderFilter({});
  for (let total = 0; total < 100; total += 1) {
    const between = { ...filter, total: { gte: String(total), lte: null } };
    reader.count({ filter: between, limit: null }).catch(() => undefined);
    reader.count({ filter: between, limit: 1_000_000 }).catch(() => undefined);
    const period = { from: new Date(total), to: null };
    reader.stats({ period, customerId: null }).catch(() => undefined);
  }
  await turn();
  expect(await reader.order('order')).toBeNull();
  expect(running).toBe(2);
});

test('a batch of writes is split at the item and byte limits of a transaction, and its order is kept', () => {
  const creation = (lines: number): CreateOrder => {
    const items = Array.from({ length: lines }, () => ({ name: 'x', quantity: 1, unitPrice: '1' }));
    const drafted = draftOrder({ currency: 'USD', items }, ['input']);
    if (!('draft' in drafted)) throw new Error('the draft is invalid');
    const identity = { viewer: OPEN_ADMIN, actor: actorOf(OPEN_ADMIN) };
    return {
      kind: 'create',
      orderId: 'id',
      commandId: 'c',
      traceparent: null,
      ...identity,
      draft: drafted.draft,
      fingerprint: Buffer.alloc(0),
      inputPath: [],
      identifiedBy: 'id',
    };
  };
  const sized = (command: WriteCommand) => ({ command, size: sizeOf(command) });
  const commands = [5, 5, 1, 200, 1].map((lines) => sized(creation(lines)));
  const parts = split(commands, { maxCommands: 10, maxItems: 10, maxBytes: 1_000_000 });
  expect(parts.map((part) => part.length)).toEqual([2, 1, 1, 1]); // a command larger than the limit forms its own batch
  expect(parts.flat()).toEqual(commands);
  expect(split(commands, { maxCommands: 2, maxItems: 10_000, maxBytes: 1_000_000 }).map((part) => part.length)).toEqual(
    [2, 2, 1],
  );
  const group = sized({ kind: 'group', orders: [creation(5), creation(5)] });
  expect(split([group, ...commands.slice(2, 3)], { maxCommands: 10, maxItems: 10, maxBytes: 1_000_000 })).toHaveLength(
    2,
  );
  expect(split(commands, { maxCommands: 10, maxItems: 10_000, maxBytes: 1 }).map((part) => part.length)).toEqual([
    1, 1, 1, 1, 1,
  ]);
});

/** An update of an order to this number of items. */
function update(lines: number): ChangeOrder {
  const line = { productId: null, sku: null, name: 'x', quantity: 1, unitPrice: 1n, subtotal: 1n };
  return {
    kind: 'change',
    orderId: 'id',
    commandId: 'c',
    traceparent: null,
    viewer: OPEN_ADMIN,
    actor: actorOf(OPEN_ADMIN),
    change: {
      kind: 'update',
      details: {},
      amounts: {},
      expectedTotal: null,
      lines: Array.from({ length: lines }, () => line),
    },
    expectedVersion: 1,
    reason: null,
    key: null,
    inputPath: [],
  };
}

test('a batch of updates is split where its new items exceed the limit of a transaction', () => {
  const updates = [6, 4, 1].map((lines) => ({ size: sizeOf(update(lines)) }));
  const bounds = { maxCommands: 10, maxItems: 10, maxBytes: 1_000_000 };
  expect(split(updates, bounds).map((part) => part.length)).toEqual([2, 1]);
});

test('a failed part of a batch does not affect the other parts', async () => {
  const writer = coalesceWrites(
    {
      write: (calls) => {
        const fails = calls.some(({ command }) => command.kind === 'change' && command.reason === 'fails');
        const outcomes = calls.map(() => ({ kind: 'aborted' }) as const);
        return fails ? Promise.reject(new Error('this part failed')) : Promise.resolve(outcomes);
      },
      findUnlocked: () => Promise.resolve(new Set()),
    },
    {
      lanes: 1,
      stallMs: 800,
      maxCommands: 10,
      maxItems: 10,
      maxBytes: 1_000_000,
      maxQueued: 100,
      maxQueuedBytes: 1_000_000,
    },
  );
  const commands = [update(10), { ...update(10), reason: 'fails' }, update(10)];
  const outcomes = await Promise.allSettled(commands.map((command) => writer.write(command, callerOf())));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
