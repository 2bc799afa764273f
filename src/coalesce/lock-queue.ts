export interface LockQueueOptions<W> {
  /** Which of these locks no other transaction holds any more, probed together. */
  readonly findFree: (names: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Retries what waited, by locks; the answer holds what met its lock again. It must not reject. */
  readonly retry: (waiting: readonly (readonly W[])[]) => Promise<ReadonlySet<W>>;
  /** How many locks are retried in one turn: newer ones first, so that they do not wait for the turns of the others. */
  readonly maxPerTurn: number;
  /** Whether the caller has gone. Its entry is retried at once, which answers it without a transaction. */
  readonly isOver: (waiting: W) => boolean;
}

/** What waits for locks of other transactions, by the name of the lock. */
export interface LockQueue<W> {
  isEmpty(): boolean;
  /** Whether the lock was met a moment ago. */
  has(name: string): boolean;
  add(name: string, waiting: W): void;
}

interface Lock<W> {
  waiting: W[];
  /** Doubles each time the lock is met again. */
  pauseMs: number;
  retryAt: number;
}

/** Two batches that meet for a commit are apart again after this time. */
const FIRST_PAUSE_MS = 5;
/** Far below the second in which a freed order is to be changed; a probe of many orders costs milliseconds. */
const LONGEST_PAUSE_MS = 160;
const NONE: ReadonlySet<string> = new Set();

/**
 * Entries wait until their lock is free. A lock is retried once without a question, because most locks are held for one
 * short transaction. After that all locks that are due are probed together, and only what waits for free ones is retried.
 * The queue works on one retry at a time, so waiting entries use one connection however many they are.
 */
export function createLockQueue<W>({ findFree, retry, maxPerTurn, isOver }: LockQueueOptions<W>): LockQueue<W> {
  const locks = new Map<string, Lock<W>>();
  let timer: NodeJS.Timeout | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;
  let working = false;

  function schedule(at: number): void {
    if (working || at >= wakeAt) return;
    clearTimeout(timer);
    wakeAt = at;
    timer = setTimeout(() => void work(), Math.max(0, at - performance.now()));
  }

  async function work(): Promise<void> {
    working = true;
    wakeAt = Number.POSITIVE_INFINITY;
    const due = takeDue();
    const names = due.flatMap(([name, { pauseMs }]) => (pauseMs > FIRST_PAUSE_MS ? name : []));
    const free = names.length === 0 ? NONE : await findFree(names);
    await retryFree(due.map(([name, lock]) => ({ lock, isFree: lock.pauseMs === FIRST_PAUSE_MS || free.has(name) })));
    working = false;
    for (const { retryAt } of locks.values()) schedule(retryAt);
  }

  /** A lock for which nothing waits any more is forgotten when it is due. Until then new entries join the queue at once. */
  function takeDue(): [string, Lock<W>][] {
    const now = performance.now();
    const due = [...locks].filter(([, { retryAt }]) => retryAt <= now);
    for (const [name, { waiting }] of due) if (waiting.length === 0) locks.delete(name);
    const occupied = due.filter(([, { waiting }]) => waiting.length > 0);
    return occupied.toSorted(([, left], [, right]) => left.pauseMs - right.pauseMs).slice(0, maxPerTurn);
  }

  async function retryFree(due: readonly { readonly lock: Lock<W>; readonly isFree: boolean }[]): Promise<void> {
    const taken = due.map(({ lock, isFree }) => ({ lock, isFree, entries: take(lock, isFree) }));
    const again = await retry(taken.map(({ entries }) => entries).filter((entries) => entries.length > 0));
    for (const { lock, isFree, entries } of taken) {
      const back = entries.filter((entry) => again.has(entry));
      lock.waiting.unshift(...back);
      if (!isFree || back.length > 0) backOff(lock);
      else Object.assign(lock, { pauseMs: FIRST_PAUSE_MS, retryAt: performance.now() }); // what has arrived meanwhile is next
    }
  }

  function take(lock: Lock<W>, isFree: boolean): readonly W[] {
    const taken = new Set(isFree ? lock.waiting : lock.waiting.filter(isOver));
    lock.waiting = lock.waiting.filter((each) => !taken.has(each));
    return [...taken];
  }

  return {
    isEmpty: () => locks.size === 0,
    has: (name) => locks.has(name),
    add(name, waiting) {
      const known = locks.get(name);
      if (known !== undefined) {
        known.waiting.push(waiting);
        return;
      }
      const lock = { waiting: [waiting], pauseMs: FIRST_PAUSE_MS, retryAt: performance.now() + FIRST_PAUSE_MS };
      locks.set(name, lock);
      schedule(lock.retryAt);
    },
  };
}

/** Retries are aligned to multiples of the pause, so that locks met at different times are probed together. */
function backOff<W>(lock: Lock<W>): void {
  lock.pauseMs = Math.min(2 * lock.pauseMs, LONGEST_PAUSE_MS);
  lock.retryAt = (Math.floor(performance.now() / lock.pauseMs) + 1) * lock.pauseMs;
}
