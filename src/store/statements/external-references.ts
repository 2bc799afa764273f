import type { Queryable, ReadQueryable } from '../../database/database.js';
import { command, execute, query, readRows } from '../statement.js';

/** An external reference of a customer ('' for guests), and the order that has or claims it. */
export interface Claim {
  readonly customerId: string;
  readonly reference: string;
  readonly orderId: string;
}

/** A unique key of a reference. The length prefix prevents collisions. */
export function nameOfReference({ customerId, reference }: Pick<Claim, 'customerId' | 'reference'>): string {
  return `${customerId.length}:${customerId}${reference}`;
}

/**
 * Claims references for orders in the caller's transaction, in sorted order to avoid deadlocks. Of several claims to one
 * reference the first wins. A reference of another order is locked until the commit, so that the decision stays valid.
 *
 * @returns which order has each reference now, by `nameOfReference`
 */
export async function claimReferences(db: Queryable, claims: readonly Claim[]): Promise<ReadonlyMap<string, string>> {
  if (claims.length === 0) return new Map();
  const firsts = new Map<string, Claim>();
  for (const claim of claims) if (!firsts.has(nameOfReference(claim))) firsts.set(nameOfReference(claim), claim);
  const rows = await readRows(db, CLAIM_REFERENCES, ...columnsOf([...firsts.values()]));
  return new Map(rows.map((row) => [nameOfReference(row), row.orderId]));
}

function columnsOf(claims: readonly Claim[]): [string[], string[], string[]] {
  return [
    claims.map(({ customerId }) => customerId),
    claims.map(({ reference }) => reference),
    claims.map(({ orderId }) => orderId),
  ];
}

const CLAIM_LIST = 'r.customer_id AS "customerId", r.external_reference AS reference, r.order_id AS "orderId"';
const CLAIM_TYPES = { customerId: 'text', reference: 'text', orderId: 'uuid' } as const;

/** One statement: between two statements the owner could release the reference. */
export const CLAIM_REFERENCES = query<Claim>(
  `
INSERT INTO order_references AS r (customer_id, external_reference, order_id)
SELECT c.customer_id, c.external_reference, c.order_id
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS c(customer_id, external_reference, order_id)
ORDER BY c.customer_id COLLATE "C", c.external_reference COLLATE "C"
ON CONFLICT (customer_id, external_reference) DO UPDATE SET order_id = r.order_id
RETURNING ${CLAIM_LIST}`,
  CLAIM_TYPES,
);

export const READ_REFERENCES = query<Claim>(
  `
SELECT ${CLAIM_LIST}
FROM unnest($1::text[], $2::text[]) AS c(customer_id, external_reference)
JOIN order_references r ON r.customer_id = c.customer_id AND r.external_reference = c.external_reference`,
  CLAIM_TYPES,
);

/** Releases references that these orders still have. */
export async function releaseReferences(db: Queryable, claims: readonly Claim[]): Promise<void> {
  if (claims.length > 0) await execute(db, RELEASE_REFERENCES, ...columnsOf(claims));
}

export const RELEASE_REFERENCES = command(`
DELETE FROM order_references r
USING unnest($1::text[], $2::text[], $3::uuid[]) AS c(customer_id, external_reference, order_id)
WHERE r.customer_id = c.customer_id AND r.external_reference = c.external_reference AND r.order_id = c.order_id`);

/** The ids of the orders with these references; null if there is none. */
export async function findReferences(
  db: ReadQueryable,
  keys: readonly Pick<Claim, 'customerId' | 'reference'>[],
): Promise<(string | null)[]> {
  const rows = await readRows(
    db,
    READ_REFERENCES,
    keys.map(({ customerId }) => customerId),
    keys.map(({ reference }) => reference),
  );
  const byName = new Map(rows.map((row) => [nameOfReference(row), row.orderId]));
  return keys.map((key) => byName.get(nameOfReference(key)) ?? null);
}
