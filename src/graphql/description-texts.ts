import { ORDER_LIMITS } from '../domain/limits.js';

/** A number as descriptions show it: 1,000,000. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The limit of a string as descriptions show it. */
export function atMost(characters: number): string {
  return `At most ${grouped(characters)} characters.`;
}

/** The limits of metadata as descriptions show them. */
export const METADATA_LIMITS = `at most ${grouped(ORDER_LIMITS.metadata)} characters, nested at most ${ORDER_LIMITS.metadataDepth} levels deep`;

const alternatives = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** The values that a description allows: PENDING, CONFIRMED or PROCESSING. */
export function anyOf(values: readonly string[]): string {
  return alternatives.format(values);
}

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** Fields as descriptions list them: `shipping`, `tax` and `discount`. */
export function fieldNames(names: readonly string[]): string {
  return list.format(names.map((name) => `\`${name}\``));
}
