import type { OrderStatus } from './lifecycle.js';

/** Why an order was cancelled; OTHER where nobody said. */
export const CANCEL_REASONS = ['CUSTOMER', 'FRAUD', 'INVENTORY', 'STAFF', 'OTHER'] as const;

export type CancelReason = (typeof CANCEL_REASONS)[number];

/** A postal address; one line is enough. The country is as the client wrote it: a code or a name. */
export interface Address {
  readonly name: string | null;
  readonly line1: string;
  readonly line2: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
  readonly country: string | null;
}

/** Where a shipped order is; at least one of them is given. */
export interface Tracking {
  readonly carrier: string | null;
  readonly number: string | null;
  readonly url: string | null;
}

/** A client's own facts about an order: a JSON object. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A line of an order. Money is in minor units of the order's currency. */
export interface OrderLine {
  readonly productId: string | null;
  readonly sku: string | null;
  readonly name: string;
  /** Whole pieces, 1 or more. */
  readonly quantity: number;
  readonly unitPrice: bigint;
  /** `unitPrice` × `quantity`. */
  readonly subtotal: bigint;
}

/** A line as it is stored: with its order and its place in it, counted from 1. */
export interface OrderItem extends OrderLine {
  readonly orderId: string;
  readonly position: number;
}

/** Names of the amounts of an order that are not those of its lines. */
export const AMOUNTS = ['shipping', 'tax', 'discount'] as const;

/** What is added to the lines and taken off, in minor units. */
export type Amounts = { readonly [Name in (typeof AMOUNTS)[number]]: bigint };

/** What an order costs, in minor units: `total` is always `subtotal + shipping + tax - discount`. */
export interface Sums extends Amounts {
  readonly subtotal: bigint;
  readonly total: bigint;
}

/** What a client says of an order, checked and normalised. */
export interface OrderDetails {
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly notes: string | null;
  /** The client's own name for the order; unique among the orders of its customer. */
  readonly externalReference: string | null;
  readonly shippingAddress: Address | null;
  readonly billingAddress: Address | null;
  readonly metadata: Metadata;
}

/** What a client asks to be ordered, complete with prices, before it has an id, a number or a time. */
export interface OrderDraft extends OrderDetails, Sums {
  readonly lines: readonly OrderLine[];
}

/** An order as stored. Its items are read apart from it. */
export interface Order extends OrderDetails, Sums {
  /** Lower-case UUID. */
  readonly id: string;
  /** Short and for people; from a sequence, so unique but not gap-free. */
  readonly number: string;
  readonly status: OrderStatus;
  readonly tracking: Tracking | null;
  /** 1 at creation, one more with every event. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  readonly cancelledAt: Date | null;
  readonly cancelReason: CancelReason | null;
  /** When it became a tombstone, which only replays of its creation may see; null for an order. */
  readonly deletedAt: Date | null;
}

/** An order before the database has given it a number and the time of its creation. */
export type NewOrder = Omit<Order, keyof Assigned | 'updatedAt'>;

/** What the database gives an order when it stores it. */
export type Assigned = Pick<Order, 'number' | 'createdAt'>;
