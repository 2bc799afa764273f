import { createHmac, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

interface Subject {
  readonly issuer: string;
  readonly subject: string | null;
}

const MAX_KNOWN = 10_000;
/** 60 bits: two of a million subjects share a pseudonym with a probability of less than one in a million. */
const LENGTH = 10;

/**
 * Replaces issuer and subject by a short keyed hash: the lines of one viewer can be found, but its identity can only be computed
 * with the key.
 *
 * @returns undefined for a viewer without a subject
 */
export function createPseudonyms(key: KeyObject): (viewer: Subject) => string | undefined {
  const known = new LRUCache<string, string>({ max: MAX_KNOWN });
  return ({ issuer, subject }) => {
    if (subject === null) return undefined;
    const identity = `${issuer}\n${subject}`;
    const existing = known.get(identity);
    if (existing !== undefined) return existing;
    const digest = createHmac('sha256', key)
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url');
    const pseudonym = digest.slice(0, LENGTH);
    known.set(identity, pseudonym);
    return pseudonym;
  };
}
