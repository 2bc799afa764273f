const MOST_SHOWN = 60;

/** A value as a message shows it: as JSON, cut where it is long. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MOST_SHOWN + 1) : value) ?? String(value);
  return text.length <= MOST_SHOWN + 2 ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
