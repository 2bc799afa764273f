/** Values that are remembered for a while. */
export interface ProductCache<V> {
  /** The value, or undefined where there is none or its time is over. */
  get(key: string): V | undefined;
  set(key: string, value: V): void;
}

/**
 * @param most how many values are kept; the one that was not read for longest goes first
 * @param ms how long a value is kept, from when it was set
 */
export function createProductCache<V>(most: number, ms: number): ProductCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>(); // least recently used first

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (performance.now() >= entry.until) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, { value, until: performance.now() + ms });
      for (const oldest of entries.keys()) {
        if (entries.size <= most) break;
        entries.delete(oldest);
      }
    },
  };
}
