import fc from 'fast-check';
import type { Change, Create, CreateMany, Line, Transition } from './model.js';
import { STATUSES } from './lifecycle.js';

/* Random commands for the clients of the model. */

/** A change of an order of unknown version. `offset` is added to the current version to get the expected one. */
type Unversioned<C> = C extends unknown ? Omit<C, 'expected'> & { readonly offset: number | null } : never;

export type RandomChange = Unversioned<Change>;

export type RandomCommand =
  | Create
  | RandomChange
  | CreateMany
  | { readonly kind: 'transitionMany'; readonly changes: readonly Unversioned<Transition>[] }
  /** Repeats an earlier command of the client, counted from the last. */
  | { readonly kind: 'repeat'; readonly back: number };

/** Few values, so that commands collide: used keys, references of other orders, expected versions off by one. */
const lines: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    name: fc.constantFrom('Tea', 'Milk'),
    quantity: fc.integer({ min: 1, max: 3 }),
    price: fc.constantFrom(0, 1, 420),
  }),
  { minLength: 1, maxLength: 2 },
);
const text = fc.constantFrom('a', 'b', null);
const amount = fc.constantFrom(null, 70, 500);
const key = fc.integer({ min: 0, max: 3 });
const create: fc.Arbitrary<Create> = fc.record({
  kind: fc.constant('create'),
  key,
  guest: fc.boolean(),
  lines,
  reference: text,
  notes: text,
  name: text,
  shipping: fc.constantFrom(0, 500),
  tax: fc.constantFrom(0, 0, 70),
  discount: fc.constantFrom(0, 0, 0, 100),
});
const onOrder = {
  order: key,
  offset: fc.constantFrom(null, null, 0, 1, -1),
  change: fc.constantFrom(null, 'x', 'y'),
};
const transition = fc.record({
  ...onOrder,
  kind: fc.constant('transition' as const),
  status: fc.constantFrom(...STATUSES),
  tracking: fc.constantFrom(null, null, null, '1', '2'),
});
const change: fc.Arbitrary<RandomChange> = fc.oneof(
  { weight: 4, arbitrary: transition },
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
        kind: fc.constant('update' as const),
        offset: fc.constantFrom(0, 0, 0, 1),
        notes: text,
        reference: text,
        name: text,
        shipping: amount,
        tax: amount,
        discount: amount,
        expectedTotal: fc.constantFrom(0, 420),
        lines,
      },
      { requiredKeys: ['kind', 'order', 'offset', 'change'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...onOrder,
      kind: fc.constant('assign' as const),
      customer: fc.constantFrom(0 as const, 0 as const, 1 as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ ...onOrder, kind: fc.constant('delete' as const) }),
  },
);
export const commands: fc.Arbitrary<RandomCommand> = fc.oneof(
  { weight: 3, arbitrary: create },
  { weight: 6, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('repeat' as const), back: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('createMany' as const),
      partial: fc.boolean(),
      // Each key once: the order of equal keys within one request is not guaranteed.
      orders: fc.uniqueArray(create, { selector: (order) => order.key, minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('transitionMany' as const),
      changes: fc.array(
        transition.filter(({ offset }) => offset === null || offset === 0),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
);
