import type { Lanes, StartInLane } from '../orders/interfaces/lanes.js';
import { createStallWatch } from './stall-watch.js';

/**
 * Limits how many batches run concurrently. Free lanes are filled at the end of the current turn of the event loop, so
 * that calls which arrive together share a batch; an idle server adds no other delay.
 *
 * @param count maximum number of batches that run concurrently
 * @param stallMs time without an ended batch after which busy lanes are stalled
 */
export function createLanes(count: number, stallMs = Number.POSITIVE_INFINITY): Lanes {
  const stall = createStallWatch(stallMs, () => busy >= count);
  const waiting: StartInLane[] = [];
  let busy = 0;
  let scheduled = false;

  function fill(): void {
    scheduled = false;
    while (busy < count) {
      const start = waiting.shift();
      if (start === undefined) return;
      busy += 1;
      stall.watch();
      start(() => {
        busy -= 1;
        stall.progress();
        schedule();
      });
    }
  }

  function schedule(): void {
    if (busy >= count || scheduled) return;
    scheduled = true;
    setImmediate(fill);
  }

  return {
    enter(start) {
      waiting.push(start);
      schedule();
    },
    isStalled: stall.isStalled,
    onStall: stall.listen,
  };
}
