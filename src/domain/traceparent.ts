/** Version, trace id, parent id and flags. Only versions after 00 may have more fields. Version ff and ids of zeros are invalid. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?$/;

/**
 * The trace context of a `traceparent` header (W3C Trace Context), in version 00; null without a valid one. A header of a
 * later version is read as one of version 00, as the specification recommends.
 */
export function parseTraceparent(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [, version, context, more] = TRACEPARENT.exec(header) ?? [];
  if (context === undefined || (version === '00' && more !== undefined)) return null;
  return `00${context}`;
}
