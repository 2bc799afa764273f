import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ORDER_STATUSES } from '../../src/domain/lifecycle.js';
import { useServer } from '../support/fixture.js';
import {
  Model,
  totalOf,
  type Change,
  type Command,
  type Create,
  type Expected,
  type Line,
  type ModelOrder,
} from '../support/model.js';
import {
  cancel,
  createMany,
  createWhole,
  edit,
  move,
  moveMany,
  read,
  remove,
  type Payload,
  type WholeOrder,
} from '../support/mutations.js';

const fixture = useServer();

/** Few values, so that commands meet: keys used again, references taken, versions off by one. */
const lines: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    name: fc.constantFrom('Tea', 'Milk'),
    quantity: fc.integer({ min: 1, max: 3 }),
    price: fc.constantFrom(0, 1, 420),
  }),
  { minLength: 1, maxLength: 2 },
);
const text = fc.constantFrom('a', 'b', null);
const key = fc.integer({ min: 0, max: 3 });
const create: fc.Arbitrary<Create> = fc.record({
  kind: fc.constant('create'),
  key,
  lines,
  reference: text,
  notes: text,
  shipping: fc.constantFrom(0, 500),
  discount: fc.constantFrom(0, 0, 0, 100),
});
const onOrder = {
  order: key,
  off: fc.constantFrom(null, null, 0, 1, -1),
  change: fc.constantFrom(null, null, 'x', 'y'),
};
const moving = fc.record({
  ...onOrder,
  kind: fc.constant('move' as const),
  status: fc.constantFrom(...ORDER_STATUSES),
  tracking: fc.constantFrom(null, null, null, '1', '2'),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: moving },
  {
    weight: 1,
    arbitrary: fc.record({
      ...onOrder,
      kind: fc.constant('cancel' as const),
      reason: fc.constantFrom('FRAUD', 'STAFF'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        ...onOrder,
        kind: fc.constant('edit' as const),
        off: fc.constantFrom(0, 0, 0, 1),
        notes: text,
        reference: text,
        lines,
      },
      { requiredKeys: ['kind', 'order', 'off', 'change'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      order: key,
      off: onOrder.off,
      change: fc.constant(null),
    }),
  },
);
const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: create },
  { weight: 6, arbitrary: change },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('createMany' as const),
      partial: fc.boolean(),
      // Each key once: which of two comes first is not promised within one request.
      orders: fc.uniqueArray(create, { selector: (order) => order.key, minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('moveMany' as const),
      changes: fc.array(
        moving.filter(({ off }) => off === null || off === 0),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
);

const amount = (cents: number) => (cents / 100).toFixed(2);
const items = (of: readonly Line[]) =>
  of.map(({ name, quantity, price }) => ({ name, quantity, unitPrice: amount(price) }));

/** One client: its commands one after the other, each answer held against the model's. */
class Client {
  readonly customerId = randomUUID();
  readonly model = new Model();
  readonly #ids = new Map<number, string>();

  async run(command: Command): Promise<void> {
    switch (command.kind) {
      case 'create':
        return this.#meets(
          command.key,
          this.model.create(command),
          await createWhole(fixture.server, this.#order(command)),
        );
      case 'createMany': {
        const orders = command.orders.map((order) => this.#order(order));
        const input = { policy: command.partial ? 'PARTIAL' : 'ALL_OR_NOTHING', orders };
        const expected = this.model.createMany(command);
        const { results } = await createMany(fixture.server, input);
        expect(results).toHaveLength(expected.length);
        for (const [index, { key: made }] of command.orders.entries()) {
          // Two of one request may want the same reference; which one gets it is decided in their order.
          this.#meets(made, expected[index], results[index], true);
        }
        return;
      }
      case 'moveMany': {
        const inputs = command.changes.map((each) => this.#change(each, null));
        const expected = command.changes.map((each) => this.model.change({ ...each, off: null }));
        const { results } = await moveMany(fixture.server, inputs);
        for (const [index, { order }] of command.changes.entries())
          this.#meets(order, expected[index], results[index], true);
        return;
      }
      case 'move':
      case 'cancel':
      case 'edit':
      case 'remove':
        return this.#runChange(command);
    }
  }

  async #runChange(command: Change): Promise<void> {
    const version = this.model.orders.get(command.order)?.events.length ?? 1;
    const input = this.#change(command, version);
    if (command.off !== null && version + command.off < 1) return; // no version there can be
    const expected = this.model.change(command);
    if (command.kind !== 'remove') {
      const send = { move, cancel, edit }[command.kind];
      return this.#meets(command.order, expected, await send(fixture.server, input));
    }
    const { deletedOrderId, userErrors } = await remove(fixture.server, input);
    if ('refused' in expected) expect(userErrors.map(({ code }) => code)).toContain(expected.refused);
    else expect({ deletedOrderId, userErrors }).toEqual({ deletedOrderId: input['id'], userErrors: [] });
  }

  #order({ key: made, lines: of, reference, notes, shipping, discount }: Create): object {
    const { customerId } = this;
    const more = { notes, externalReference: reference, shipping: amount(shipping), discount: amount(discount) };
    return { idempotencyKey: `${customerId} ${made}`, customerId, items: items(of), ...more };
  }

  #change(command: Change, version: number | null): Record<string, unknown> {
    const id = this.#ids.get(command.order) ?? randomUUID();
    const expectedVersion = command.off === null || version === null ? null : version + command.off;
    const base = { id, expectedVersion, ...(command.change === null ? {} : { idempotencyKey: command.change }) };
    switch (command.kind) {
      case 'move': {
        const tracking = command.tracking === null ? {} : { tracking: { number: command.tracking } };
        return { ...base, status: command.status, ...tracking };
      }
      case 'cancel':
        return { ...base, reason: command.reason };
      case 'edit':
        return {
          ...base,
          ...('notes' in command ? { notes: command.notes } : {}),
          ...('reference' in command ? { externalReference: command.reference } : {}),
          ...(command.lines === undefined ? {} : { items: items(command.lines) }),
        };
      case 'remove':
        return base;
    }
  }

  #meets(made: number, expected: Expected | undefined, answer: Payload | undefined, brief = false): void {
    if (expected === undefined || answer === undefined) throw new Error('an answer is missing');
    const { order, userErrors } = answer;
    if ('refused' in expected) {
      expect(order).toBeNull();
      expect(userErrors.map(({ code }) => code)).toContain(expected.refused);
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
      const order = await read(fixture.server, this.#ids.get(made) ?? '');
      if (known.deleted) expect(order).toBeNull();
      else if (order === null) throw new Error('an order is lost');
      else expectOrder(order, known);
    }
    const stored = await fixture.database.sql<{ id: string; version: number; versions: number[] }>(
      `SELECT o.id, o.version, array_agg(e.version ORDER BY e.version) AS versions FROM orders o
       JOIN order_events e ON e.order_id = o.id WHERE e.customer_id = $1 GROUP BY o.id`,
      [this.customerId],
    );
    expect(stored).toHaveLength(this.model.orders.size);
    for (const { version, versions } of stored)
      expect(versions).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    const references = await fixture.database.sql<{ external_reference: string }>(
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
  const { notes, reference: externalReference, status, cancelReason, tracking, events } = known;
  expect(order).toMatchObject({
    notes,
    externalReference,
    status,
    cancelReason,
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
    byStatus: ORDER_STATUSES.map((status) => ({
      status,
      count: alive.filter((order) => order.status === status).length,
    })),
    money: alive.some(({ status }) => status !== 'CANCELLED') ? [{ gross: { amount: amount(gross) } }] : [],
  };
  const stats = async () => (await fixture.server.get<Stats>(STATS)).orderStats;
  await expect.poll(stats, { timeout: 10_000, interval: 20 }).toEqual(expected);
}

const RUNS = Number(process.env['MODEL_RUNS'] ?? 12);

test(`whatever several clients do at once, answers, orders, histories and statistics agree with the model (${RUNS} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(commands, { minLength: 10, maxLength: 40, size: 'max' }), { minLength: 4, maxLength: 4 }),
      async (clients) => {
        const running = clients.map((list) => ({ client: new Client(), list }));
        await Promise.all(
          running.map(async ({ client, list }) => {
            for (const command of list) await client.run(command);
            await client.agrees();
          }),
        );
        for (const { client } of running)
          alive.push(...[...client.model.orders.values()].filter(({ deleted }) => !deleted));
        await expectStatistics();
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 600_000);
