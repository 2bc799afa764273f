export class RedisTimeout extends Error {
  override readonly name = 'RedisTimeout';
}

/**
 * Rejects with RedisTimeout if `work` takes longer. Two timers run one after the other: a pause of the event loop can use up
 * only the first one, so a reply that arrived during the pause is read in time.
 */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const end = () => reject(new RedisTimeout(`Redis did not respond within ${limitMs} ms.`));
  let timer = setTimeout(() => (timer = setTimeout(end, limitMs / 2)), limitMs / 2);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
