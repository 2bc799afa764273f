/** Detects that no work ends. */
export interface StallWatch {
  /** Starts watching, until no work is in progress. */
  readonly watch: () => void;
  /** Reports that some work has ended. */
  readonly progress: () => void;
  readonly isStalled: () => boolean;
  readonly listen: (listener: () => void) => void;
}

const TICK_MS = 100;

/**
 * Counts ticks instead of time: while the event loop is blocked, results cannot arrive, and no tick is counted.
 *
 * @param stallMs time without progress after which the watch reports a stall
 * @param isBusy whether progress is expected
 */
export function createStallWatch(stallMs: number, isBusy: () => boolean): StallWatch {
  const stallTicks = Math.ceil(stallMs / TICK_MS);
  const listeners: (() => void)[] = [];
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    if (isBusy()) {
      ticks += 1;
      if (ticks === stallTicks) for (const listener of listeners) listener();
    } else {
      clearInterval(timer);
      timer = undefined;
    }
  }

  return {
    watch() {
      timer ??= setInterval(tick, TICK_MS).unref();
    },
    progress() {
      ticks = 0;
    },
    isStalled: () => ticks >= stallTicks && isBusy(),
    listen: (listener) => void listeners.push(listener),
  };
}
