import type { BucketSettings } from './bucket.js';

/** The result of taking points from a bucket. */
export interface Taken {
  /** False if the bucket has too few points; nothing is taken then. */
  readonly isTaken: boolean;
  /** The points in the bucket afterwards. */
  readonly available: number;
}

/** Buckets of points, one for each client. Its key is bounded in length. */
export interface RateLimiter {
  readonly settings: BucketSettings;
  /** Takes all of the points or none. Negative points are given back. Never rejects. */
  take(key: string, points: number): Taken | Promise<Taken>;
  /**
   * Takes as many of the points as there are, without waiting. Negative points are given back.
   *
   * @returns the points in the bucket afterwards, as far as this process knows
   */
  adjust(key: string, points: number): number;
  /** The points in a bucket, as far as this process knows. */
  known(key: string): number;
}
