/** Encodes the parts of a cursor, JSON values, as one opaque text. */
export function encodeCursor(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** The parts of an opaque cursor, or null if this server did not create it. */
export function decodeCursor(cursor: string): readonly unknown[] | null {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor) return null;
  try {
    const parts: unknown = JSON.parse(bytes.toString('utf8'));
    return Array.isArray(parts) ? parts : null;
  } catch {
    return null; // not JSON: the caller answers INVALID_CURSOR
  }
}
