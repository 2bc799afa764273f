const MOST_SHOWN = 60;

/** Formats a value for a message: as JSON, shortened. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MOST_SHOWN + 1) : value) ?? String(value);
  return text.length <= MOST_SHOWN + 2 ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
