import { earliestCursor, type LogPoint } from '../graphql/last-cursor.js';

/**
 * The subscribe messages of one websocket whose handling has not ended. graphql-ws forgets an id when the client completes
 * it, although the last event may still be executed or sent, so its own list is not enough to enforce limits.
 */
export class RunningSubscriptions {
  readonly #ids = new Map<string, number>();
  readonly #sent = new Map<string, LogPoint | null>();
  #count = 0;
  #characters = 0;
  #onNone: (() => void) | null = null;

  get count(): number {
    return this.#count;
  }

  /** Total length of the messages, in characters. */
  get characters(): number {
    return this.#characters;
  }

  /** The cursor after which all subscriptions can be resumed without a gap; null if there is none. */
  get lastCursor(): string | null {
    return earliestCursor([...this.#sent.values()]);
  }

  /** @param last the last event that the subscription has sent, or its start */
  sent(id: string, last: LogPoint | null): void {
    if (this.#ids.has(id)) this.#sent.set(id, last);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string, characters: number): void {
    this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1);
    this.#count += 1;
    this.#characters += characters;
  }

  delete(id: string, characters: number): void {
    const others = (this.#ids.get(id) ?? 0) - 1;
    if (others > 0) this.#ids.set(id, others);
    else {
      this.#ids.delete(id);
      this.#sent.delete(id);
    }
    this.#count -= 1;
    this.#characters -= characters;
    if (this.#count === 0) this.#onNone?.();
  }

  /** Resolves when no subscription is left. */
  async ended(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#onNone = resolve));
  }
}
