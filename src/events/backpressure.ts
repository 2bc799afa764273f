import { setTimeout as sleep } from 'node:timers/promises';
import type { Subscriber } from './subscriber.js';

/** Publishing does not wait for a subscriber that has read nothing for this time. */
const READING_MS = 50;
const CHECK_MS = 1;
/** Longest wait, and the pause after it: subscribers that read slowly must not delay the others all the time. */
const MAX_WAIT_MS = 1_000;
const REST_MS = 4 * MAX_WAIT_MS;

/** Delays publishing until subscribers have read, so that a burst of events does not end subscribers that read. */
export interface Backpressure {
  /** Must be called after an event was offered. */
  readonly offered: (subscriber: Subscriber) => void;
  /** Whether a subscriber has too many queued events. */
  readonly isDue: () => boolean;
  /** Waits until no subscriber that reads has too many queued events. */
  readonly room: () => Promise<void>;
}

export function createBackpressure(maxQueued: number): Backpressure {
  const crowded = new Set<Subscriber>();
  let restUntil = 0;

  function removeReady(now: number): void {
    for (const subscriber of crowded) {
      if (subscriber.queued <= maxQueued / 4 || now - subscriber.readAt > READING_MS) crowded.delete(subscriber);
    }
  }

  return {
    offered(subscriber) {
      if (subscriber.queued > maxQueued / 2) crowded.add(subscriber);
    },
    isDue: () => crowded.size > 0,
    async room() {
      const start = performance.now();
      for (let now = start; now >= restUntil; now = performance.now()) {
        removeReady(now);
        if (crowded.size === 0) return;
        if (now - start >= MAX_WAIT_MS) restUntil = now + REST_MS;
        else await sleep(CHECK_MS);
      }
      crowded.clear();
    },
  };
}
