import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../domain/errors.js';
import { restoreTime } from './bucket.js';
import type { RateLimiter, Taken } from './rate-limiter.js';

/** The price of a request that is rejected before its cost is known, such as one with an invalid token. */
export const BASE_PRICE = 100;

/** The price of a character of a document that is not known: some short documents take milliseconds to validate. */
const CHARACTER_PRICE = 10;

/** The state of a rate limit, as `extensions.cost` reports it. */
export interface ThrottleStatus {
  readonly maximumAvailable: number;
  readonly currentlyAvailable: number;
  /** Points a second. */
  readonly restoreRate: number;
}

/**
 * The points that one request takes from the bucket of its client: none while it is read, the price of its document while an
 * unknown one is parsed and validated, its requested cost while it is executed, and its actual cost in the end.
 */
export class Charge {
  readonly #limiter: RateLimiter;
  readonly #key: string;
  #taken = 0;
  #isPriced = false;

  constructor(limiter: RateLimiter, key: string) {
    this.#limiter = limiter;
    this.#key = key;
  }

  /** The error of a request that is rejected before its body is read, because the bucket is empty; or null. */
  rejectionOnArrival(): RequestError | null {
    const available = this.#limiter.known(this.#key);
    return available >= this.#basePrice ? null : this.#reject(this.#basePrice, available, null);
  }

  /**
   * Takes the price of a document that has to be parsed and validated: `CHARACTER_PRICE` for each character.
   *
   * @throws RequestError THROTTLED
   */
  takeDocument(characters: number): void | Promise<void> {
    return this.#raiseTo(
      Math.min(this.#basePrice + CHARACTER_PRICE * characters, this.#limiter.settings.capacity),
      null,
    );
  }

  /**
   * Takes the requested cost of an accepted request in place of the price of its document.
   *
   * @throws RequestError THROTTLED
   */
  takeRequested(cost: number): void | Promise<void> {
    return this.#raiseTo(cost, cost);
  }

  /**
   * Takes further points of a request that has begun.
   *
   * @throws RequestError THROTTLED
   */
  takeMore(points: number): void | Promise<void> {
    return this.#raiseTo(this.#taken + points, null);
  }

  /**
   * Takes points without an error: it waits until the bucket is half full, so that points remain for other requests of the
   * client. Rejects only if the signal aborts.
   */
  async takeInBackground(points: number, signal: AbortSignal): Promise<void> {
    const half = this.#limiter.settings.capacity / 2;
    for (let left = points; left > 0;) {
      const available = this.#limiter.known(this.#key);
      const part = Math.min(left, half);
      if (available >= half && (await this.#limiter.take(this.#key, part)).isTaken) left -= part;
      else await sleep(Math.max(1, restoreTime(half - available, this.#limiter.settings)), undefined, { signal });
    }
  }

  /** Gives back what an executed request did not cost. */
  settle(actual: number): ThrottleStatus {
    const available = this.#limiter.adjust(this.#key, actual - this.#taken);
    this.#taken = actual;
    return this.#statusOf(available);
  }

  /** Takes the base price of a request that was rejected before its cost was known. */
  end(): void {
    if (this.#isPriced) return;
    this.#isPriced = true;
    this.#limiter.adjust(this.#key, this.#basePrice);
  }

  get #basePrice(): number {
    return Math.min(BASE_PRICE, this.#limiter.settings.capacity);
  }

  #raiseTo(points: number, cost: number | null): void | Promise<void> {
    const difference = points - this.#taken;
    const check = ({ isTaken, available }: Taken) => {
      this.#isPriced = true;
      if (!isTaken) throw this.#reject(difference, available, cost);
      this.#taken = points;
    };
    const taken = this.#limiter.take(this.#key, difference);
    return taken instanceof Promise ? taken.then(check) : check(taken);
  }

  #reject(points: number, available: number, cost: number | null): RequestError {
    this.#isPriced = true; // a client that waits is not charged for being rejected
    const retryAfterMs = restoreTime(points - available, this.#limiter.settings);
    const requested = cost === null ? {} : { requestedQueryCost: cost };
    const message = `The rate limit is exceeded. Retry in ${retryAfterMs} ms. docs/cost.md describes the rate limit.`;
    return new RequestError('THROTTLED', message, {
      details: { retryAfterMs, cost: { ...requested, throttleStatus: this.#statusOf(available) } },
    });
  }

  #statusOf(available: number): ThrottleStatus {
    const { capacity, restoreRate } = this.#limiter.settings;
    return { maximumAvailable: capacity, currentlyAvailable: Math.floor(available), restoreRate };
  }
}
