import fc from 'fast-check';
import type { Change, Create, CreateMany, Line, Transition } from './model.js';
import { STATUSES } from './lifecycle.js';

/* Commands at random for the model's clients. */

/** A change before it is known at which version its order will be: `off` is how far the expected version is off. */
type Unversioned<C> = C extends unknown ? Omit<C, 'expected'> & { readonly off: number | null } : never;

export type DrawnChange = Unversioned<Change>;

export type Drawn =
  | Create
  | DrawnChange
  | CreateMany
  | { readonly kind: 'transitionMany'; readonly changes: readonly Unversioned<Transition>[] }
  /** The same as an earlier one of the client's commands, counted from the last. */
  | { readonly kind: 'repeat'; readonly back: number };

/** Few values, so that commands collide: used keys, references of other orders, versions off by one. */
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
  off: fc.constantFrom(null, null, 0, 1, -1),
  change: fc.constantFrom(null, 'x', 'y'),
};
const moving = fc.record({
  ...onOrder,
  kind: fc.constant('transition' as const),
  status: fc.constantFrom(...STATUSES),
  tracking: fc.constantFrom(null, null, null, '1', '2'),
});
const change: fc.Arbitrary<DrawnChange> = fc.oneof(
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
        kind: fc.constant('update' as const),
        off: fc.constantFrom(0, 0, 0, 1),
        notes: text,
        reference: text,
        name: text,
        shipping: amount,
        tax: amount,
        discount: amount,
        expectedTotal: fc.constantFrom(0, 420),
        lines,
      },
      { requiredKeys: ['kind', 'order', 'off', 'change'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ ...onOrder, kind: fc.constant('remove' as const) }),
  },
);
export const commands: fc.Arbitrary<Drawn> = fc.oneof(
  { weight: 3, arbitrary: create },
  { weight: 6, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('repeat' as const), back: fc.nat(9) }) },
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
      kind: fc.constant('transitionMany' as const),
      changes: fc.array(
        moving.filter(({ off }) => off === null || off === 0),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
);
