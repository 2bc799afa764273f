/** The price of the events of one subscription, in points of the rate limit of its client. */
export interface EventPrice {
  /** The cost of the response to one event. */
  readonly event: number;
  /** The cost of reading a page of the log. */
  readonly page: number;
  /** @throws RequestError THROTTLED if the client does not have the points */
  readonly payAtOnce: (points: number) => void | Promise<void>;
  /** Waits until the client has the points. Rejects only if the signal aborts. */
  readonly pay: (points: number, signal: AbortSignal) => Promise<void>;
}
