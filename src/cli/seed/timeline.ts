import type { Change } from '../../domain/decide-change.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { CancelReason, Tracking } from '../../domain/order.js';
import type { Random } from './random.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A change of an order at a time. */
export interface Step {
  readonly at: Date;
  readonly change: Change;
  readonly reason: string | null;
}

type Transition = readonly [to: OrderStatus, minimum: number, spread: number];

/** The usual histories of orders, with the time that each transition takes. */
const LIVES: readonly (readonly [weight: number, transitions: readonly Transition[]])[] = [
  [
    30,
    [
      ['CONFIRMED', 60_000, 4 * HOUR],
      ['PROCESSING', HOUR, 20 * HOUR],
      ['SHIPPED', 2 * HOUR, 2 * DAY],
      ['DELIVERED', DAY, 4 * DAY],
      ['COMPLETED', 7 * DAY, 7 * DAY],
    ],
  ],
  [
    30,
    [
      ['SHIPPED', HOUR, 3 * DAY],
      ['DELIVERED', DAY, 4 * DAY],
    ],
  ],
  [
    40,
    [
      ['PROCESSING', 60_000, HOUR],
      ['COMPLETED', HOUR, DAY],
    ],
  ],
];
const CARRIERS = ['DHL', 'UPS', 'La Poste'] as const;

/** The changes of an order after its creation and before `until`. */
export function timelineOf(random: Random, createdAt: Date, until: number): Step[] {
  const steps: Step[] = [];
  let time = createdAt.getTime();
  const add = (minimum: number, spread: number, change: Change, reason: string | null = null) => {
    time += Math.floor(minimum + spread * random.next());
    if (time <= until) steps.push({ at: new Date(time), change, reason });
  };
  if (random.isBelow(0.06)) add(60_000, HOUR, updateOfNotes());
  const life = random.weighted(LIVES);
  const isCancelled = random.isBelow(0.07);
  for (const [to, minimum, spread] of isCancelled ? life.slice(0, life.length === 2 ? 0 : 1) : life) {
    add(minimum, spread, transition(to, to === 'SHIPPED' ? trackingOf(random) : null));
  }
  if (isCancelled) {
    const cancelReason = random.pick<CancelReason>(['CUSTOMER', 'INVENTORY', 'FRAUD', 'OTHER']);
    add(HOUR, DAY, { kind: 'status', to: 'CANCELLED', cancelReason, tracking: null }, 'Out of stock');
  }
  if (random.isBelow(0.01)) add(30 * DAY, 170 * DAY, { kind: 'delete' });
  return steps;
}

function transition(to: OrderStatus, tracking: Tracking | null): Change {
  return { kind: 'status', to, cancelReason: 'OTHER', tracking };
}

function trackingOf(random: Random): Tracking {
  return { carrier: random.pick(CARRIERS), number: String(random.whole(10 ** 9, 10 ** 10 - 1)), url: null };
}

function updateOfNotes(): Change {
  return { kind: 'update', details: { notes: 'Ring twice.' }, amounts: {}, expectedTotal: null, lines: null };
}
