/** A leaky bucket. It holds points, which requests take, and is restored at a constant rate up to its capacity. */
export interface BucketSettings {
  /** Maximum number of points. */
  readonly capacity: number;
  /** Points a second. */
  readonly restoreRate: number;
}

/** The level of a bucket at a time. */
export interface Bucket {
  readonly level: number;
  /** In milliseconds, of the clock of the implementation. */
  readonly at: number;
}

/** The points in a bucket now. A missing bucket is full. */
export function levelOf(bucket: Bucket | undefined, { capacity, restoreRate }: BucketSettings, now: number): number {
  if (bucket === undefined) return capacity;
  const elapsed = Math.max(0, now - bucket.at); // a clock that is set back restores nothing
  return Math.min(capacity, bucket.level + (elapsed * restoreRate) / 1_000);
}

/** A level after points are taken, or given back if `points` is negative. It stays between 0 and the capacity. */
export function levelAfter(level: number, points: number, { capacity }: BucketSettings): number {
  return Math.min(capacity, Math.max(0, level - points));
}

/** Time until the missing points are restored, in milliseconds. */
export function restoreTime(missing: number, { restoreRate }: BucketSettings): number {
  return Math.max(0, Math.ceil((missing * 1_000) / restoreRate));
}
