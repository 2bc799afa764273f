import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { STATUSES } from '../support/lifecycle.js';
import { commands, type Drawn, type DrawnChange } from '../support/model-commands.js';
import {
  Model,
  totalOf,
  type Change,
  type Create,
  type Expected,
  type Line,
  type ModelOrder,
} from '../support/model.js';
import type { OrderPayload, WholeOrder } from '../support/order-documents.js';
import {
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

/** One client: its commands one after the other, each answer held against the model's. */
class Client {
  readonly customerId = randomUUID();
  readonly model = new Model();
  readonly #ids = new Map<number, string>();

  /** What can be sent again as it was: creates, and changes of single orders. */
  readonly #sent: (Create | Change)[] = [];
  /** How often a create, and a change under a key, was answered as an earlier identical one had been. */
  readonly repeated = { creates: 0, changes: 0 };

  async run(command: Drawn): Promise<void> {
    switch (command.kind) {
      case 'createMany': {
        const orders = command.orders.map((order) => this.#order(order));
        const input = { policy: command.partial ? 'PARTIAL' : 'ALL_OR_NOTHING', orders };
        const expected = this.model.createMany(command);
        const { results } = await createOrders(server, input);
        expect(results).toHaveLength(expected.length);
        for (const [index, { key: made }] of command.orders.entries()) {
          // Two of one request may want the same reference; which one gets it is decided in their order.
          this.#meets(made, expected[index], results[index], true);
        }
        return;
      }
      case 'transitionMany': {
        const changes = command.changes.map((drawn) => {
          const { off: _, ...change } = drawn;
          return { ...change, expected: null };
        });
        const inputs = changes.map((each) => this.#change(each));
        const expected = changes.map((each) => this.model.change(each));
        const { results } = await transitionOrders(server, inputs);
        for (const [index, { order }] of changes.entries()) this.#meets(order, expected[index], results[index], true);
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
      case 'remove':
        return this.#send(this.#atVersion(command));
    }
  }

  /** Sends the last creates and changes under keys again, each as it was. */
  async repeatLast(count: number): Promise<void> {
    const keyed = this.#sent.filter((command) => command.kind === 'create' || command.change !== null);
    for (const command of keyed.slice(-count)) await this.#send(command);
  }

  #atVersion({ off, ...change }: DrawnChange): Change {
    const version = this.model.orders.get(change.order)?.events.length ?? 1;
    return { ...change, expected: off === null ? null : Math.max(1, version + off) };
  }

  async #send(command: Create | Change): Promise<void> {
    this.#sent.push(command);
    if (command.kind === 'create') {
      const expected = this.model.create(command);
      if ('done' in expected && expected.done === 'again') this.repeated.creates += 1;
      return this.#meets(command.key, expected, await createWholeOrder(server, this.#order(command)));
    }
    const events = this.model.orders.get(command.order)?.events.length;
    const expected = this.model.change(command);
    const isRepeated = 'done' in expected && expected.done === 'changed';
    if (isRepeated && events === this.model.orders.get(command.order)?.events.length) this.repeated.changes += 1;
    const input = this.#change(command);
    if (command.kind !== 'remove') {
      const send = { transition: transitionWholeOrder, cancel: cancelOrder, update: updateOrder }[command.kind];
      return this.#meets(command.order, expected, await send(server, input));
    }
    const { deletedOrderId, userErrors } = await deleteOrder(server, input);
    if ('rejected' in expected) expect(userErrors.map(({ code }) => code)).toContain(expected.rejected);
    else expect({ deletedOrderId, userErrors }).toEqual({ deletedOrderId: input['id'], userErrors: [] });
  }

  #order({ key: made, lines: of, reference, notes, name, shipping, tax, discount }: Create): object {
    const { customerId } = this;
    const sums = { shipping: amount(shipping), tax: amount(tax), discount: amount(discount) };
    const details = { notes, customerName: name, externalReference: reference };
    return { idempotencyKey: `${customerId} ${made}`, customerId, items: items(of), ...details, ...sums };
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
        const sums = (['shipping', 'tax', 'discount'] as const).map((of) => [of, amountOrNull(command[of])]);
        return {
          ...base,
          customerName: name, // what is undefined is not sent
          externalReference: reference,
          notes,
          items: lines === undefined ? undefined : items(lines),
          expectedTotal: amountOrNull(expectedTotal),
          ...(Object.fromEntries(sums) as object),
        };
      }
      case 'remove':
        return base;
    }
  }

  #meets(made: number, expected: Expected | undefined, answer: OrderPayload | undefined, brief = false): void {
    if (expected === undefined || answer === undefined) throw new Error('an answer is missing');
    const { order, userErrors } = answer;
    if ('rejected' in expected) {
      expect(order).toBeNull();
      expect(userErrors.map(({ code }) => code)).toContain(expected.rejected);
      return;
    }
    expect(userErrors).toEqual([]);
    if (order === null) throw new Error('neither an order nor an error');
    this.#ids.set(made, order.id);
    const { done } = expected;
    if (answer.replayed !== undefined) expect(answer.replayed).toBe(done === 'again');
    if (answer.changed !== undefined) expect(answer.changed).toBe(done === 'changed');
    const known = this.model.orders.get(made);
    if (!brief && known !== undefined) expectOrder(order, known);
  }

  /** Everything that is stored is as the model has it. */
  async agrees(): Promise<void> {
    for (const [made, known] of this.model.orders) {
      const order = await readOrder(server, this.#ids.get(made) ?? '');
      if (known.deleted) expect(order).toBeNull();
      else if (order === null) throw new Error('an order is lost');
      else expectOrder(order, known);
    }
    const stored = await database.sql<{ id: string; version: number; versions: number[] }>(
      `SELECT o.id, o.version, array_agg(e.version ORDER BY e.version) AS versions FROM orders o
       JOIN order_events e ON e.order_id = o.id WHERE e.customer_id = $1 GROUP BY o.id`,
      [this.customerId],
    );
    expect(stored).toHaveLength(this.model.orders.size);
    for (const { version, versions } of stored)
      expect(versions).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    const references = await database.sql<{ external_reference: string }>(
      'SELECT external_reference FROM order_references WHERE customer_id = $1 ORDER BY 1',
      [this.customerId],
    );
    const held = [...this.model.orders.values()]
      .flatMap(({ reference }) => reference ?? [])
      .toSorted((a, b) => (a < b ? -1 : 1));
    expect(references.map((row) => row.external_reference)).toEqual(held);
  }
}

function expectOrder(order: WholeOrder, known: ModelOrder): void {
  const {
    notes,
    name,
    shipping,
    tax,
    discount,
    reference: externalReference,
    status,
    cancelReason,
    tracking,
    events,
  } = known;
  expect(order).toMatchObject({
    notes,
    customerName: name,
    externalReference,
    status,
    cancelReason,
    shipping: { amount: amount(shipping) },
    tax: { amount: amount(tax) },
    discount: { amount: amount(discount) },
    version: events.length,
    total: { amount: amount(totalOf(known)) },
    tracking: tracking === null ? null : { number: tracking },
    items: known.lines.map(({ name, quantity, price }) => ({ name, quantity, unitPrice: { amount: amount(price) } })),
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

const alive: ModelOrder[] = [];

/** The statistics are of all runs: the database has them all. */
async function expectStatistics(): Promise<void> {
  const gross = alive.filter(({ status }) => status !== 'CANCELLED').reduce((sum, order) => sum + totalOf(order), 0);
  const expected = {
    count: alive.length,
    byStatus: STATUSES.map((status) => ({
      status,
      count: alive.filter((order) => order.status === status).length,
    })),
    money: alive.some(({ status }) => status !== 'CANCELLED') ? [{ gross: { amount: amount(gross) } }] : [],
  };
  const stats = async () => (await server.get<Stats>(STATS)).orderStats;
  await expect.poll(stats, { timeout: 10_000, interval: 20 }).toEqual(expected);
}

const RUNS = Number(process.env['MODEL_RUNS'] ?? 12);

const repeated = { creates: 0, changes: 0 };

test(`whatever several clients do at once, answers, orders, histories and statistics agree with the model (${RUNS} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(commands, { minLength: 10, maxLength: 40, size: 'max' }), { minLength: 4, maxLength: 4 }),
      async (clients) => {
        const running = clients.map((list) => ({ client: new Client(), list }));
        await Promise.all(
          running.map(async ({ client, list }) => {
            for (const command of list) await client.run(command);
            await client.repeatLast(10);
            await client.agrees();
          }),
        );
        for (const { client } of running) {
          repeated.creates += client.repeated.creates;
          repeated.changes += client.repeated.changes;
        }
        for (const { client } of running)
          alive.push(...[...client.model.orders.values()].filter(({ deleted }) => !deleted));
        await expectStatistics();
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
  // A run that repeats nothing shows nothing of idempotency.
  expect(repeated.creates).toBeGreaterThan(RUNS);
  expect(repeated.changes).toBeGreaterThan(RUNS);
}, 600_000);
