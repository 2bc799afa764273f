import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';

/** A client with an identity. */
interface Subject {
  readonly issuer: string;
  readonly subject: string | null;
}

const known = new WeakMap<Subject, string>();

/** The key of the bucket of a viewer; null for a viewer without a subject. It contains no personal data. */
export function keyOfViewer(viewer: Subject): string | null {
  const { issuer, subject } = viewer;
  if (subject === null) return null;
  const key =
    known.get(viewer) ??
    `v:${createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url')}`;
  known.set(viewer, key);
  return key;
}

/** The key of the bucket of an address. A client has a whole /64 network of IPv6 addresses. */
export function keyOfAddress(address: string): string {
  return `a:${isIPv6(address) ? networkOf(address) : address}`;
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const start = groupsOf(head);
  const end = groupsOf(tail ?? '');
  const zeros = Array.from({ length: Math.max(0, GROUPS - start.length - end.length) }, () => '0');
  const groups = tail === undefined ? start : [...start, ...zeros, ...end];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
