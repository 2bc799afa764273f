import { LRUCache } from 'lru-cache';

/** Clients send few different headers. */
const MAX_HEADERS = 100;
const MAX_LENGTH = 200;

/** Remembers what was computed from the latest short headers. */
export function rememberHeaders<T>(compute: (header: string) => T): (header: string) => T {
  const known = new LRUCache<string, { readonly value: T }>({ max: MAX_HEADERS });
  return (header) => {
    const found = known.get(header);
    if (found !== undefined) return found.value;
    const value = compute(header);
    if (header.length <= MAX_LENGTH) known.set(header, { value });
    return value;
  };
}
