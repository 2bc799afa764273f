export interface SharedReadOptions<T> {
  readonly read: () => Promise<T>;
  /** How long a result is shared. */
  readonly cacheMs: number;
  readonly onFailure: (cause: unknown) => void;
}

/** Maximum time that a caller waits. A scrape of Prometheus takes at most 10 s by default. */
const MAX_WAIT_MS = 1_000;

/**
 * Scrapes within a short time share one read of the database. At most one read is in progress, even if scrapes time out.
 *
 * @returns null if the read fails or takes too long
 */
export function createSharedRead<T>({ read, cacheMs, onFailure }: SharedReadOptions<T>): () => Promise<T | null> {
  let reading: Promise<T | null> | null = null;
  let cached: Promise<T | null> | null = null;
  let validUntil = 0;

  async function start(): Promise<T | null> {
    try {
      const result = await read();
      validUntil = performance.now() + cacheMs;
      return result;
    } catch (cause) {
      onFailure(cause);
      return null;
    } finally {
      cached = reading;
      reading = null;
    }
  }

  return async () => {
    if (reading === null && cached !== null && performance.now() < validUntil) return cached;
    reading ??= start();
    return within(reading, MAX_WAIT_MS);
  };
}

async function within<T>(result: Promise<T | null>, waitMs: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), waitMs);
  try {
    return await Promise.race([result, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
