/** The identity of a client. A server without authentication has one viewer, an admin without a subject. */
export interface Viewer {
  /** `iss` of the token; empty without. Idempotency keys are scoped by issuer and subject. */
  readonly issuer: string;
  /** `sub` of the token, which is the customerId of a customer's orders. */
  readonly subject: string | null;
  readonly roles: readonly Role[];
}

export type Role = 'customer' | 'staff' | 'admin';

/** Who did something, as an event remembers it. */
export interface Actor {
  readonly subject: string | null;
  readonly kind: Role | 'system';
}

/** The actor of the changes that fulfilment makes. */
export const FULFILMENT_ACTOR: Actor = { subject: 'fulfilment', kind: 'system' };

/** All roles, the strongest first. Each has the rights of those after it. */
export const ROLES: readonly Role[] = ['admin', 'staff', 'customer'];

/** The strongest role of a viewer; null without a known role, which means no rights. */
export function roleOf({ roles }: Viewer): Role | null {
  return ROLES.find((role) => roles.includes(role)) ?? null;
}

/** Whether a role has the rights of another one; no role has none. */
export function hasRights(role: Role | null, of: Role): boolean {
  return role !== null && ROLES.indexOf(role) <= ROLES.indexOf(of);
}

/** The viewer as an actor, under the strongest of its roles. */
export function actorOf(viewer: Viewer): Actor {
  return { subject: viewer.subject, kind: roleOf(viewer) ?? 'customer' };
}

/** Whether the viewer works for the merchant: staff or admin. All others act for themselves only. */
export function isEmployee(viewer: Viewer): boolean {
  return viewer.roles.includes('admin') || viewer.roles.includes('staff');
}

/**
 * The one customer whose orders the viewer may see, or null for a viewer who may see all.
 * Lists and counts put it into their SQL.
 */
export function ownerFilter(viewer: Viewer): string | null {
  return isEmployee(viewer) ? null : (viewer.subject ?? '');
}

/** Whether rows of this customer are the viewer's to see. The one ownership check of rows that are read by id. */
export function maySee(viewer: Viewer, row: { readonly customerId: string | null }): boolean {
  const owner = ownerFilter(viewer);
  return owner === null || (owner !== '' && row.customerId === owner);
}
