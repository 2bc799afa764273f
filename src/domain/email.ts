import type { FieldPath } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import type { Problems } from './input-problems.js';

/** The local part as in HTML, plus all letters, marks and digits of Unicode (RFC 6531). */
const LOCAL_PART = /^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]+$/u;
/** Joiners are part of letters in some scripts. */
const LABEL = /^[\p{L}\p{N}](?:(?:[\p{L}\p{M}\p{N}-]|\u200c|\u200d){0,61}[\p{L}\p{M}\p{N}])?$/u;

/** Checks and trims an e-mail address, including internationalized ones; null stays null. */
export function readEmail(value: string | null | undefined, field: FieldPath, problems: Problems): string | null {
  const before = problems.list.length;
  const address = problems.text(value, field, ORDER_LIMITS.customerEmail);
  if (address !== null && problems.list.length === before && !isEmail(address)) {
    problems.add('INVALID', field, `${field.at(-1) ?? ''} must be an e-mail address such as name@example.com.`);
  }
  return address;
}

function isEmail(address: string): boolean {
  const at = address.lastIndexOf('@');
  const labels = address.slice(at + 1).split('.');
  return at > 0 && LOCAL_PART.test(address.slice(0, at)) && labels.every((label) => LABEL.test(label));
}
