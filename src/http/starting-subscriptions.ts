/**
 * The subscriptions of one websocket that are being set up. Responses to later messages wait for them: such a
 * response shows the client that its subscriptions have begun.
 */
export class StartingSubscriptions {
  readonly #starting = new Set<Promise<void>>();
  #waiting = 0;

  /** @returns ends the set-up; it must be called */
  begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#starting.add(promise);
    return () => {
      this.#starting.delete(promise);
      resolve();
    };
  }

  /** Resolves when the set-ups that are in progress have ended; at once beyond a number of waiting responses. */
  async settled(): Promise<void> {
    if (this.#starting.size === 0 || this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    await Promise.all(this.#starting);
    this.#waiting -= 1;
  }
}

/** Maximum number of responses that wait, which a client could otherwise let grow by pings. */
const MAX_WAITING = 1_000;
