// A writing process of locked-orders.ts. It responds to each message when the work is done.
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { coalesceWrites } from '../../dist/coalesce/writer.js';
import { readConfig } from '../../dist/config.js';
import { openDatabase } from '../../dist/database/database.js';
import { OPEN_ADMIN } from '../../dist/auth/open-viewer.js';
import { Problems } from '../../dist/domain/input-problems.js';
import { readDetails } from '../../dist/domain/order-details.js';
import { actorOf } from '../../dist/domain/viewer.js';
import type { ChangeOrder, CreateOrder } from '../../dist/orders/interfaces/order-writer.js';
import type { Caller } from '../../dist/orders/interfaces/caller.js';
import { createBatchWriter } from '../../dist/store/write-batch.js';

export type Message =
  | { readonly kind: 'write'; readonly seconds: number }
  | { readonly kind: 'create'; readonly count: number }
  | { readonly kind: 'change'; readonly ids: readonly string[] };

export interface Answer {
  readonly id: number;
  readonly rate?: number;
  readonly ids?: readonly string[];
  readonly doneAt?: readonly number[];
  readonly failed?: number;
}

const CALLERS = 50;
const log = pino({ level: 'silent' });
const who = { viewer: OPEN_ADMIN, actor: actorOf(OPEN_ADMIN) };
const config = readConfig({});
const database = openDatabase({ ...config.database, url: process.argv[2] ?? '', applicationName: 'bench' }, log);
const store = createBatchWriter(database, {
  transactionTimeoutMs: 10_000,
  maxWaitMs: 2_000,
  onCommit: () => {},
  log,
});
const writer = coalesceWrites(store, config.writes);

process.on('message', (message: Message & { readonly id: number }) => void answer(message));

async function answer(message: Message & { readonly id: number }): Promise<void> {
  process.send?.({ id: message.id, ...(await work(message)) });
}

async function work(message: Message): Promise<Omit<Answer, 'id'>> {
  switch (message.kind) {
    case 'write':
      return { rate: await write(message.seconds) };
    case 'create':
      return { ids: await Promise.all(Array.from({ length: message.count }, createOrder)) };
    case 'change':
      return change(message.ids);
  }
}

/** Creates orders and changes them, at full rate. */
async function write(seconds: number): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1000;
  let done = 0;
  const call = async () => {
    while (performance.now() < until) {
      const orderId = await createOrder();
      await writer.write(confirmation(orderId), caller());
      done += 2;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return done / ((performance.now() - began) / 1000);
}

/** Changes each order once and returns the time of each change. */
async function change(ids: readonly string[]): Promise<Omit<Answer, 'id'>> {
  const doneAt: number[] = [];
  let failed = 0;
  const changes = ids.map(async (orderId) => {
    try {
      await writer.write(confirmation(orderId), caller());
      doneAt.push(Date.now());
    } catch (cause) {
      failed += 1;
      console.error(String(cause));
    }
  });
  await Promise.all(changes);
  return { doneAt, failed };
}

function caller(): Caller {
  return {
    viewer: OPEN_ADMIN,
    deadline: performance.now() + 60_000,
    signal: new AbortController().signal,
    traceparent: null,
  };
}

async function createOrder(): Promise<string> {
  const orderId = randomUUID();
  await writer.write(creation(orderId), caller());
  return orderId;
}

function creation(orderId: string): CreateOrder {
  const line = { productId: 'p1', sku: null, name: 'Tea', quantity: 1, unitPrice: 420n, subtotal: 420n };
  const amounts = { subtotal: 420n, shipping: 0n, tax: 0n, discount: 0n, total: 420n };
  const details = readDetails({}, [], new Problems());
  return {
    kind: 'create',
    orderId,
    commandId: randomUUID(),
    traceparent: null,
    ...who,
    draft: { customerId: 'bench', currency: 'USD', ...details, ...amounts, lines: [line] },
    fingerprint: Buffer.alloc(33),
    inputPath: [],
    identifiedBy: 'id',
  };
}

function confirmation(orderId: string): ChangeOrder {
  return {
    kind: 'change',
    orderId,
    commandId: randomUUID(),
    traceparent: null,
    ...who,
    change: { kind: 'status', to: 'CONFIRMED', cancelReason: 'OTHER', tracking: null },
    expectedVersion: null,
    reason: null,
    key: null,
    inputPath: [],
  };
}
