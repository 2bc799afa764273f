import { readAddress, type AddressInput } from './address.js';
import { readEmail } from './email.js';
import type { FieldPath } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import { readMetadata } from './metadata.js';
import type { Metadata, OrderDetails } from './order.js';
import type { Problems } from './input-problems.js';

/** The details that can be updated until the order is shipped. */
export const EDITABLE_DETAILS = [
  'customerName',
  'customerEmail',
  'externalReference',
  'shippingAddress',
  'billingAddress',
  'notes',
  'metadata',
] as const satisfies readonly (keyof OrderDetails)[];

export type EditableDetails = Pick<OrderDetails, (typeof EDITABLE_DETAILS)[number]>;

/** The details as given by a client. */
export interface DetailsInput {
  readonly customerName?: string | null | undefined;
  readonly customerEmail?: string | null | undefined;
  readonly externalReference?: string | null | undefined;
  readonly shippingAddress?: AddressInput | null | undefined;
  readonly billingAddress?: AddressInput | null | undefined;
  readonly notes?: string | null | undefined;
  readonly metadata?: Metadata | null | undefined;
}

type Readers = {
  readonly [Name in keyof EditableDetails]: (
    value: DetailsInput[Name],
    field: FieldPath,
    problems: Problems,
  ) => EditableDetails[Name];
};

const READERS: Readers = {
  customerName: (value, field, problems) => problems.text(value, field, ORDER_LIMITS.customerName),
  customerEmail: readEmail,
  externalReference: (value, field, problems) => problems.id(value, field, ORDER_LIMITS.externalReference),
  shippingAddress: readAddress,
  billingAddress: readAddress,
  notes: (value, field, problems) => problems.text(value, field, ORDER_LIMITS.notes),
  metadata: readMetadata,
};

/** Validates and trims all details. Omitted ones are null. */
export function readDetails(input: DetailsInput, at: FieldPath, problems: Problems): EditableDetails {
  const read = <K extends keyof EditableDetails>(name: K) => READERS[name](input[name], [...at, name], problems);
  return {
    customerName: read('customerName'),
    customerEmail: read('customerEmail'),
    externalReference: read('externalReference'),
    shippingAddress: read('shippingAddress'),
    billingAddress: read('billingAddress'),
    notes: read('notes'),
    metadata: read('metadata'),
  };
}

/** Validates and trims the given details. Null clears a detail. */
export function readGivenDetails(input: DetailsInput, at: FieldPath, problems: Problems): Partial<EditableDetails> {
  const read = <K extends keyof EditableDetails>(name: K) => READERS[name](input[name], [...at, name], problems);
  const given = EDITABLE_DETAILS.filter((name) => input[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, read(name)]));
}
