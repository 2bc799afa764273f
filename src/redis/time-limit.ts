export class RedisTimeout extends Error {
  override readonly name = 'RedisTimeout';
}

/** The last part of a time limit. */
const LAST_MS = 10;

/**
 * Rejects with RedisTimeout if `work` takes longer. The limit has two timers: a pause of the event loop can use up only the
 * first one, so that a reply which arrived during the pause is read in time.
 */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const end = () => reject(new RedisTimeout(`Redis did not respond within ${limitMs} ms.`));
  let timer = setTimeout(() => (timer = setTimeout(end, LAST_MS)), limitMs - LAST_MS);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
