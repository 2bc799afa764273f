import type { KeyObject } from 'node:crypto';
import { OPEN_ADMIN } from '../../auth/open-viewer.js';
import { decideChange } from '../../domain/decide-change.js';
import { decideCreation, storedOrder } from '../../domain/decide-creation.js';
import { exponentOf } from '../../domain/money.js';
import { completeDraft, subtotalOf, type OrderRequest } from '../../domain/order-draft.js';
import { eventPayload, type OrderEvent } from '../../domain/order-event.js';
import type { Order, OrderLine } from '../../domain/order.js';
import type { Actor } from '../../domain/viewer.js';
import { creationFingerprintParts, fingerprintOf } from '../../orders/fingerprint.js';
import type { StoredOrder } from '../../store/copy-rows.js';
import { createRandom, type Random } from './random.js';
import { CURRENCIES, sampleCustomer, sampleProduct } from './sample-shop.js';
import { timelineOf, type Step } from './timeline.js';

export interface SeedPlan {
  readonly seed: string;
  /** Of the seed; see `stateOf`. */
  readonly state: number;
  readonly orders: number;
  readonly customers: number;
  /** The first orders are created at this time, in Unix milliseconds. */
  readonly from: number;
  /** No order changes after this time. */
  readonly until: number;
}

/** The actor of seeded events, by which they are recognised. */
export function seedActor(seed: string): Actor {
  return { subject: `${SEED_ACTOR}${seed}`, kind: 'system' };
}

export const SEED_ACTOR = 'seed ';

const AT: readonly string[] = ['input'];
const GUESTS = 0.12;
/** Recent orders are more frequent, as in a growing business. */
const GROWTH = 0.7;

/** Generates the order with this number, from 0, by the decisions of the server. Later numbers are created later. */
export function generateOrder(plan: SeedPlan, secret: KeyObject, number: number): StoredOrder {
  const random = createRandom(plan.state, number);
  const share = ((number + random.next()) / plan.orders) ** GROWTH;
  const createdAt = new Date(Math.floor(plan.from + (plan.until - plan.from) * share));
  const actor = seedActor(plan.seed);
  const { request, lines: requested } = requestOf(plan, random, number);
  const completed = completeDraft(request, requested, AT);
  if ('problems' in completed) throw new Error(`order ${number}: ${JSON.stringify(completed.problems)}`);
  const fingerprint = fingerprintOf(secret, creationFingerprintParts(request));
  const command = {
    orderId: random.uuid(createdAt),
    commandId: random.uuid(createdAt),
    viewer: OPEN_ADMIN,
    actor,
    draft: completed.draft,
    fingerprint,
    inputPath: AT,
    identifiedBy: 'id',
  } as const;
  const decision = decideCreation(null, command, { referenceTaken: false });
  if (decision.kind !== 'created') throw new Error(`order ${number} was not created`);
  let order: Order = storedOrder(decision.order, { number: '0', createdAt });
  let lines = decision.lines;
  const events = [
    storedEvent(command.commandId, { ...decision.event, occurredAt: createdAt }, eventPayload(decision.order)),
  ];
  for (const step of timelineOf(random, createdAt, plan.until)) {
    const changed = change(order, lines, step, actor);
    ({ order } = changed);
    lines = changed.lines ?? lines;
    events.push(storedEvent(random.uuid(step.at), changed.event, eventPayload(order)));
  }
  const { id: orderId, externalReference: reference, customerId } = order;
  return {
    order,
    fingerprint,
    items: lines.map((line, index) => ({ ...line, orderId, position: index + 1 })),
    events,
    reference: reference === null ? null : { customerId: customerId ?? '', reference, orderId },
  };
}

function storedEvent(commandId: string, event: OrderEvent, payload: ReturnType<typeof eventPayload>) {
  return { event, commandId, commandKey: null, commandFingerprint: null, traceparent: null, payload };
}

function change(order: Order, lines: readonly OrderLine[], { at, change, reason }: Step, actor: Actor) {
  const command = {
    viewer: OPEN_ADMIN,
    actor,
    change,
    expectedVersion: null,
    reason,
    inputPath: AT,
  };
  const decision = decideChange(order, command, { earlier: 'none', lines, referenceTaken: false, now: at });
  if (decision.kind !== 'changed') throw new Error(`order ${order.id}: the step ${change.kind} is ${decision.kind}`);
  return decision;
}

/** A request as the server has validated it. */
function requestOf(
  plan: SeedPlan,
  random: Random,
  number: number,
): { readonly request: OrderRequest; readonly lines: readonly OrderLine[] } {
  const currency = random.weighted(CURRENCIES);
  const exponent = exponentOf(currency);
  const customerNumber = 1 + Math.floor(plan.customers * random.next() ** 2); // a few customers order most
  const customer = sampleCustomer(customerNumber, createRandom(plan.state, -customerNumber - 1));
  const lines = Array.from({ length: lineCount(random) }, (): OrderLine => {
    const { price: unitPrice, ...product } = sampleProduct(random, exponent);
    const quantity = 1 + Math.floor(10 * random.next() ** 4);
    return { ...product, quantity, unitPrice, subtotal: unitPrice * BigInt(quantity) };
  });
  const subtotal = subtotalOf(lines);
  const hasReference = random.isBelow(0.6);
  const request = {
    details: {
      customerId: random.isBelow(GUESTS) ? null : customer.id,
      customerName: customer.name,
      customerEmail: customer.email,
      currency,
      notes: random.isBelow(0.1) ? 'Please leave the parcel with the neighbours.' : null,
      externalReference: hasReference ? `WEB-${plan.seed}-${number}` : null,
      shippingAddress: customer.address,
      billingAddress: random.isBelow(0.2) ? customer.address : null,
      metadata: random.isBelow(0.3) ? { channel: random.pick(['web', 'app', 'phone']) } : {},
    },
    lines: lines.map((line) => ({ ...line, expectedUnitPrice: null })),
    shipping: random.isBelow(0.7) ? BigInt(random.whole(3, 15)) * 10n ** BigInt(exponent) : 0n,
    tax: random.isBelow(0.5) ? (subtotal * 19n) / 100n : 0n,
    discount: random.isBelow(0.1) ? subtotal / 10n : 0n,
    expectedTotal: null,
  };
  return { request, lines };
}

/** One to twelve lines, mostly one to three. */
function lineCount(random: Random): number {
  return 1 + Math.floor(11.99 * random.next() ** 5);
}
