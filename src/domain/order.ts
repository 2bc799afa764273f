import type { OrderStatus } from './lifecycle.js';

export type CancelReason = 'CUSTOMER' | 'FRAUD' | 'INVENTORY' | 'STAFF' | 'OTHER';

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

/** What a client asks to be ordered, checked and normalised, before it has an id, a number or a time. */
export interface OrderDraft {
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly notes: string | null;
  readonly lines: readonly OrderLine[];
  readonly subtotal: bigint;
  readonly total: bigint;
}

/** An order as stored. Its items are read apart from it. */
export interface Order {
  /** Lower-case UUID. */
  readonly id: string;
  /** Short and for people; from a sequence, so unique but not gap-free. */
  readonly number: string;
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerEmail: string | null;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly subtotal: bigint;
  /** `subtotal + shipping + tax - discount`; the database checks it. */
  readonly total: bigint;
  readonly notes: string | null;
  /** 1 at creation, one more with every event. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  readonly cancelledAt: Date | null;
  readonly cancelReason: CancelReason | null;
}
