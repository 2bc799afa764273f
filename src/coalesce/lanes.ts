/** A start of work that must call `release` exactly once when the work has ended. */
type Start = (release: () => void) => void;

/** A bounded number of things under way at once; the others wait their turn, first come, first served. */
export interface Lanes {
  enter(start: Start): void;
}

/**
 * @param count how many may be under way at once
 * Free lanes are filled at the end of the current turn of the event loop, so that calls which arrive together are
 * found together; an idle server waits for nothing else.
 */
export function createLanes(count: number): Lanes {
  const waiting: Start[] = [];
  let busy = 0;
  let scheduled = false;

  function fill(): void {
    scheduled = false;
    while (busy < count) {
      const start = waiting.shift();
      if (start === undefined) return;
      busy += 1;
      start(() => {
        busy -= 1;
        fill();
      });
    }
  }

  return {
    enter(start) {
      waiting.push(start);
      if (busy >= count || scheduled) return;
      scheduled = true;
      setImmediate(fill);
    },
  };
}
