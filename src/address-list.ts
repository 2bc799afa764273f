import { z } from 'zod';
import type { Variable } from './variable-kinds.js';

/** A list separated by commas, each entry normalized by `read`, which returns null for an invalid one. */
export function addressList(
  rule: string,
  about: string,
  read: (entry: string) => string | null,
): Variable<readonly string[]> {
  const schema = z
    .string()
    .default('')
    .transform((text) => text.split(',').map((entry) => entry.trim()))
    .transform((entries) => entries.filter((entry) => entry !== '').map(read))
    .refine((entries) => !entries.includes(null), `must be a list of ${rule}`)
    .transform((entries) => entries.filter((entry) => entry !== null));
  return { schema, fallback: '', bounds: rule, about };
}

/** An origin as browsers send it. */
export function originOf(entry: string): string | null {
  return /^https?:\/\/[^/?#@\\*]+$/i.test(entry) && URL.canParse(entry) ? new URL(entry).origin : null;
}

/** A host name as browsers send it: in lower case, an IPv6 address in brackets. */
export function hostNameOf(entry: string): string | null {
  const isName = /^([^:/?#@\\[\]*]+|\[[\da-f:.]+\])$/i.test(entry) && URL.canParse(`http://${entry}`);
  return isName ? new URL(`http://${entry}`).hostname : null;
}
