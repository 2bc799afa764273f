import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { STATUSES } from '../support/lifecycle.js';
import { commands, type RandomCommand, type RandomChange } from '../support/model-commands.js';
import {
  Model,
  totalOf,
  type Change,
  type Create,
  type Customer,
  type Expected,
  type Line,
  type ModelOrder,
} from '../support/model.js';
import type { OrderPayload, WholeOrder } from '../support/order-documents.js';
import {
  assignCustomer,
  cancelOrder,
  createOrders,
  createWholeOrder,
  deleteOrder,
  readOrder,
  transitionOrders,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);

const amount = (cents: number) => (cents / 100).toFixed(2);
const amountOrNull = (cents: number | null | undefined) => (typeof cents === 'number' ? amount(cents) : cents);
const items = (of: readonly Line[]) =>
  of.map(({ name, quantity, price }) => ({ name, quantity, unitPrice: amount(price) }));

/** One client. It sends its commands sequentially and compares each result with the model. */
class Client {
  readonly #name = randomUUID();
  readonly model = new Model();
  readonly #ids = new Map<number, string>();

  /** The sent commands that can be repeated: creates, and changes of single orders. */
  readonly #sent: (Create | Change)[] = [];
  /** The numbers of replayed creates and replayed changes. */
  readonly repeated = { creates: 0, changes: 0 };

  async run(command: RandomCommand): Promise<void> {
    switch (command.kind) {
      case 'createMany': {
        const orders = command.orders.map((order) => this.#order(order));
        const input = { policy: command.partial ? 'PARTIAL' : 'ALL_OR_NOTHING', orders };
        const expected = this.model.createMany(command);
        const { results } = await createOrders(server, input);
        expect(results).toHaveLength(expected.length);
        for (const [index, { key }] of command.orders.entries()) {
          // If several orders of a request have the same reference, the first one gets it.
          this.#expectResult(key, expected[index], results[index], true);
        }
        return;
      }
      case 'transitionMany': {
        const changes = command.changes.map((random) => {
          const { offset: _, ...change } = random;
          return { ...change, expected: null };
        });
        const inputs = changes.map((each) => this.#change(each));
        const expected = changes.map((each) => this.model.change(each));
        const { results } = await transitionOrders(server, inputs);
        for (const [index, { order }] of changes.entries())
          this.#expectResult(order, expected[index], results[index], true);
        return;
      }
      case 'repeat': {
        const earlier = this.#sent.at(-1 - command.back);
        return earlier === undefined ? undefined : this.#send(earlier);
      }
      case 'create':
        return this.#send(command);
      case 'transition':
      case 'cancel':
      case 'update':
      case 'assign':
      case 'delete':
        return this.#send(this.#atVersion(command));
    }
  }

  /** Repeats the last creates and changes with keys unchanged. */
  async repeatLast(count: number): Promise<void> {
    const keyed = this.#sent.filter((command) => command.kind === 'create' || command.change !== null);
    for (const command of keyed.slice(-count)) await this.#send(command);
  }

  #atVersion({ offset, ...change }: RandomChange): Change {
    const version = this.model.orders.get(change.order)?.events.length ?? 1;
    return { ...change, expected: offset === null ? null : Math.max(1, version + offset) };
  }

  async #send(command: Create | Change): Promise<void> {
    this.#sent.push(command);
    if (command.kind === 'create') {
      const expected = this.model.create(command);
      if ('done' in expected && expected.done === 'replayed') this.repeated.creates += 1;
      return this.#expectResult(command.key, expected, await createWholeOrder(server, this.#order(command)));
    }
    const events = this.model.orders.get(command.order)?.events.length;
    const expected = this.model.change(command);
    const isRepeated = 'done' in expected && expected.done === 'changed';
    if (isRepeated && events === this.model.orders.get(command.order)?.events.length) this.repeated.changes += 1;
    const input = this.#change(command);
    if (command.kind !== 'delete') {
      const send = {
        transition: transitionWholeOrder,
        cancel: cancelOrder,
        update: updateOrder,
        assign: assignCustomer,
      }[command.kind];
      return this.#expectResult(command.order, expected, await send(server, input));
    }
    const { deletedOrderId, userErrors } = await deleteOrder(server, input);
    if ('rejected' in expected) expect(userErrors.map(({ code }) => code)).toContain(expected.rejected);
    else expect({ deletedOrderId, userErrors }).toEqual({ deletedOrderId: input['id'], userErrors: [] });
  }

  #order({ key, guest, lines: of, reference, notes, name, shipping, tax, discount }: Create): object {
    const customerId = this.#customerId(guest ? null : 0);
    const sums = { shipping: amount(shipping), tax: amount(tax), discount: amount(discount) };
    const details = { notes, customerName: name, externalReference: this.#reference(reference) };
    return { idempotencyKey: `${this.#name} ${key}`, customerId, items: items(of), ...details, ...sums };
  }

  #customerId(customer: Customer | null): string | null {
    return customer === null ? null : `${this.#name} ${customer}`;
  }

  /** The guest orders of all clients share a namespace. */
  #reference<T extends null | undefined>(reference: string | T): string | T {
    return typeof reference === 'string' ? `${this.#name} ${reference}` : reference;
  }

  #change(command: Change): Record<string, unknown> {
    const id = this.#ids.get(command.order) ?? randomUUID();
    const { expected: expectedVersion } = command;
    const base = { id, expectedVersion, ...(command.change === null ? {} : { idempotencyKey: command.change }) };
    switch (command.kind) {
      case 'transition': {
        const tracking = command.tracking === null ? {} : { tracking: { number: command.tracking } };
        return { ...base, status: command.status, ...tracking };
      }
      case 'cancel':
        return { ...base, reason: command.reason };
      case 'update': {
        const { name, reference, notes, lines, expectedTotal } = command;
        const sums = (['shipping', 'tax', 'discount'] as const).map((field) => [field, amountOrNull(command[field])]);
        return {
          ...base,
          customerName: name, // undefined fields are not sent
          externalReference: this.#reference(reference),
          notes,
          items: lines === undefined ? undefined : items(lines),
          expectedTotal: amountOrNull(expectedTotal),
          ...(Object.fromEntries(sums) as object),
        };
      }
      case 'assign':
        return { ...base, customerId: this.#customerId(command.customer) };
      case 'delete':
        return base;
    }
  }

  #expectResult(key: number, expected: Expected | undefined, result: OrderPayload | undefined, brief = false): void {
    if (expected === undefined || result === undefined) throw new Error('a result is missing');
    const { order, userErrors } = result;
    if ('rejected' in expected) {
      expect(order).toBeNull();
      expect(userErrors.map(({ code }) => code)).toContain(expected.rejected);
      return;
    }
    expect(userErrors).toEqual([]);
    if (order === null) throw new Error('neither an order nor an error');
    this.#ids.set(key, order.id);
    const { done } = expected;
    if (result.replayed !== undefined) expect(result.replayed).toBe(done === 'replayed');
    if (result.changed !== undefined) expect(result.changed).toBe(done === 'changed');
    const expectedOrder = this.model.orders.get(key);
    if (!brief && expectedOrder !== undefined) this.#expectOrder(order, expectedOrder);
  }

  #expectOrder(order: WholeOrder, expectedOrder: ModelOrder): void {
    expectOrder(order, expectedOrder);
    const { customer, reference } = expectedOrder;
    expect(order).toMatchObject({
      customerId: this.#customerId(customer),
      externalReference: this.#reference(reference),
    });
  }

  /** Compares all stored data with the model. */
  async expectStored(): Promise<void> {
    for (const [key, expectedOrder] of this.model.orders) {
      const order = await readOrder(server, this.#ids.get(key) ?? '');
      if (expectedOrder.deleted) expect(order).toBeNull();
      else if (order === null) throw new Error('an order is missing');
      else this.#expectOrder(order, expectedOrder);
    }
    const rows = await database.sql<{ id: string; version: number; versions: number[] }>(
      `SELECT o.id, o.version, array_agg(e.version ORDER BY e.version) AS versions FROM orders o
       JOIN order_events e ON e.order_id = o.id WHERE o.id = any($1) GROUP BY o.id`,
      [[...this.#ids.values()]],
    );
    expect(rows).toHaveLength(this.model.orders.size);
    for (const { version, versions } of rows)
      expect(versions).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    const references = await database.sql<{ claim: string }>(
      "SELECT customer_id || '/' || external_reference AS claim FROM order_references WHERE external_reference LIKE $1",
      [`${this.#name}%`],
    );
    const claimed = [...this.model.orders.values()].flatMap(({ customer, reference }) =>
      reference === null ? [] : `${this.#customerId(customer) ?? ''}/${this.#reference(reference)}`,
    );
    expect(references.map(({ claim }) => claim).toSorted()).toEqual(claimed.toSorted());
  }
}

function expectOrder(order: WholeOrder, expectedOrder: ModelOrder): void {
  const { notes, name, shipping, tax, discount, status, cancelReason, tracking, events } = expectedOrder;
  expect(order).toMatchObject({
    notes,
    customerName: name,
    status,
    cancelReason,
    shipping: { amount: amount(shipping) },
    tax: { amount: amount(tax) },
    discount: { amount: amount(discount) },
    version: events.length,
    total: { amount: amount(totalOf(expectedOrder)) },
    tracking: tracking === null ? null : { number: tracking },
    items: expectedOrder.lines.map(({ name, quantity, price }) => ({
      name,
      quantity,
      unitPrice: { amount: amount(price) },
    })),
  });
  const { nodes } = order.history;
  expect(nodes).toMatchObject(events.map((event, index) => ({ ...event, version: index + 1 })));
}

interface Stats {
  readonly orderStats: {
    readonly count: number;
    readonly byStatus: readonly { readonly status: string; readonly count: number }[];
    readonly money: readonly { readonly gross: { readonly amount: string } }[];
  };
}

const STATS = '{ orderStats { count byStatus { status count } money { gross { amount } } } }';

const stored: ModelOrder[] = [];

/** The statistics include the orders of all runs, which share the database. */
async function expectStatistics(): Promise<void> {
  const gross = stored.filter(({ status }) => status !== 'CANCELLED').reduce((sum, order) => sum + totalOf(order), 0);
  const expected = {
    count: stored.length,
    byStatus: STATUSES.map((status) => ({
      status,
      count: stored.filter((order) => order.status === status).length,
    })),
    money: stored.some(({ status }) => status !== 'CANCELLED') ? [{ gross: { amount: amount(gross) } }] : [],
  };
  const stats = async () => (await server.get<Stats>(STATS)).orderStats;
  await expect.poll(stats, { timeout: 10_000, interval: 20 }).toEqual(expected);
}

const RUNS = Number(process.env['MODEL_RUNS'] ?? 12);

const repeated = { creates: 0, changes: 0 };

test(`results, orders, histories and statistics of concurrent clients match the model (${RUNS} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(commands, { minLength: 10, maxLength: 40, size: 'max' }), { minLength: 4, maxLength: 4 }),
      async (clients) => {
        const running = clients.map((list) => ({ client: new Client(), list }));
        await Promise.all(
          running.map(async ({ client, list }) => {
            for (const command of list) await client.run(command);
            await client.repeatLast(10);
            await client.expectStored();
          }),
        );
        for (const { client } of running) {
          repeated.creates += client.repeated.creates;
          repeated.changes += client.repeated.changes;
        }
        for (const { client } of running)
          stored.push(...[...client.model.orders.values()].filter(({ deleted }) => !deleted));
        await expectStatistics();
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
  // Without replays the runs would not test idempotency.
  expect(repeated.creates).toBeGreaterThan(RUNS);
  expect(repeated.changes).toBeGreaterThan(RUNS);
}, 600_000);
