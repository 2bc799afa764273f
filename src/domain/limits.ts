/** Limits of the fields of an order. Lengths are in UTF-16 code units. */
export const ORDER_LIMITS = {
  items: 200,
  quantity: 1_000_000,
  /** Digits of an order's number. */
  number: 18,
  customerId: 128,
  customerName: 200,
  customerEmail: 254,
  productId: 128,
  sku: 128,
  itemName: 500,
  notes: 4_000,
  reason: 1_000,
  idempotencyKey: 255,
  externalReference: 128,
  addressLine: 500,
  postalCode: 32,
  carrier: 100,
  trackingNumber: 100,
  trackingUrl: 2_000,
  /** Of the metadata as JSON text. */
  metadata: 16_384,
  /** Maximum nesting of objects and arrays in the metadata. */
  metadataDepth: 8,
} as const;

/** Most orders that one erasure of a customer erases, and that it erases at the same time. */
export const ERASURE_LIMITS = { orders: 1_000, round: 100 } as const;

/** Limits of bulk mutations. */
export const BULK_LIMITS = { orders: 100, items: 2_000, changes: 100 } as const;
