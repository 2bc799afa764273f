import type { OrderStatus } from './lifecycle.js';

/** Reasons of a cancellation. The default is OTHER. */
export const CANCEL_REASONS = ['CUSTOMER', 'FRAUD', 'INVENTORY', 'STAFF', 'OTHER'] as const;

export type CancelReason = (typeof CANCEL_REASONS)[number];

/** A postal address. Only `line1` is required. The country is a code or a name, as given by the client. */
export interface Address {
  readonly name: string | null;
  readonly line1: string;
  readonly line2: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
  readonly country: string | null;
}

/** Tracking of a shipment. At least one field is set. */
export interface Tracking {
  readonly carrier: string | null;
  readonly number: string | null;
  readonly url: string | null;
}

/** Client-defined data of an order: a JSON object. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A line of an order. Money is in minor units of the order's currency. */
export interface OrderLine {
  readonly productId: string | null;
  readonly sku: string | null;
  readonly name: string;
  /** 1 or more. */
  readonly quantity: number;
  readonly unitPrice: bigint;
  /** `unitPrice` × `quantity`. */
  readonly subtotal: bigint;
}

/** A stored line, with its order and its position from 1. */
export interface OrderItem extends OrderLine {
  readonly orderId: string;
  readonly position: number;
}

/** The names of the amounts that do not come from the lines. */
export const AMOUNTS = ['shipping', 'tax', 'discount'] as const;

/** Amounts that are added to or subtracted from the lines, in minor units. */
export type Amounts = { readonly [Name in (typeof AMOUNTS)[number]]: bigint };

/** The sums of an order, in minor units: `total` is always `subtotal + shipping + tax - discount`. */
export interface Sums extends Amounts {
  readonly subtotal: bigint;
  readonly total: bigint;
}

/** The details of an order as given by a client, validated and normalized. */
export interface OrderDetails {
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly notes: string | null;
  /** The id of the order in the client's system; unique among the orders of its customer. */
  readonly externalReference: string | null;
  readonly shippingAddress: Address | null;
  readonly billingAddress: Address | null;
  readonly metadata: Metadata;
}

/** A priced order request, before it has an id, a number and a time. */
export interface OrderDraft extends OrderDetails, Sums {
  readonly lines: readonly OrderLine[];
}

/** A stored order. Its items are read separately. */
export interface Order extends OrderDetails, Sums {
  /** Lower-case UUID. */
  readonly id: string;
  /** A short number for people. From a sequence: unique, but not necessarily consecutive. */
  readonly number: string;
  readonly status: OrderStatus;
  readonly tracking: Tracking | null;
  /** 1 at creation, incremented by every event. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  readonly cancelledAt: Date | null;
  readonly cancelReason: CancelReason | null;
  /** Time of the deletion. A deleted order is a tombstone, visible only to replays of its creation. */
  readonly deletedAt: Date | null;
}

/** An order before the database has assigned its number and time of creation. */
export type NewOrder = Omit<Order, keyof Assigned | 'updatedAt'>;

/** The values that the database assigns. */
export type Assigned = Pick<Order, 'number' | 'createdAt'>;
