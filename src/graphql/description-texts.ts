/** A number as descriptions show it: 1,000,000. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The limit of a text as descriptions show it. */
export function atMost(characters: number): string {
  return `At most ${grouped(characters)} characters.`;
}

const alternatives = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** The values that a description allows: PENDING, CONFIRMED or PROCESSING. */
export function anyOf(values: readonly string[]): string {
  return alternatives.format(values);
}
