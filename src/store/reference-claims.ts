import type { Order } from '../domain/order.js';
import type { LockConflict } from '../orders/interfaces/batch-writer.js';
import type { Queryable } from '../database/database.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { claimReferences, nameOfReference, releaseReferences, type Claim } from './statements/external-references.js';

/** The external references that the commands of a batch need, claimed in its transaction. */
export interface ReferenceClaims<Command> {
  /**
   * @param mayRelease whether the order that has the reference may yet give it up in this batch
   * @returns `free` where the order of the command has the reference now, or the command needs none
   */
  stateOf(command: Command, mayRelease: (orderId: string) => boolean): 'free' | 'taken' | LockConflict;
  /** Releases what the orders do not have after the batch, of the claims and of what they had before. */
  releaseUnused(tx: Queryable, orderOf: (id: string) => Order | undefined, before?: readonly Claim[]): Promise<void>;
}

export async function claimForCommands<Command>(
  tx: Queryable,
  claims: ReadonlyMap<Command, Claim>,
): Promise<ReferenceClaims<Command>> {
  const owners = await claimReferences(tx, [...claims.values()]);
  const ownerOf = (claim: Claim) => owners.get(nameOfReference(claim));
  return {
    stateOf(command, mayRelease) {
      const claim = claims.get(command);
      if (claim === undefined) return 'free';
      const owner = ownerOf(claim);
      if (owner === undefined) throw new Error('a claimed reference has no owner');
      if (owner === claim.orderId) return 'free';
      return mayRelease(owner) ? LOCK_CONFLICT : 'taken';
    },
    async releaseUnused(db, orderOf, before = []) {
      const owned = [...claims.values()].filter((claim) => ownerOf(claim) === claim.orderId);
      await releaseReferences(
        db,
        [...before, ...owned].filter((claim) => !hasReference(orderOf(claim.orderId), claim)),
      );
    },
  };
}

/** The claim of an order, or null where it has no reference. */
export function claimOf(
  orderId: string,
  { customerId, externalReference }: Pick<Order, 'customerId' | 'externalReference'>,
): Claim | null {
  if (externalReference === null) return null;
  return { customerId: customerId ?? '', reference: externalReference, orderId };
}

export function isSameReference(claim: Claim, other: Claim | undefined): boolean {
  return other !== undefined && nameOfReference(claim) === nameOfReference(other);
}

function hasReference(order: Order | undefined, { customerId, reference }: Claim): boolean {
  return order?.externalReference === reference && (order.customerId ?? '') === customerId;
}
