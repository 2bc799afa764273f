export interface LockQueueOptions<W> {
  /** The names among these whose lock no other transaction holds, probed together. */
  readonly findUnlocked: (names: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Retries entries, grouped by lock, and returns those whose lock is still held. Must not reject. */
  readonly retry: (waiting: readonly (readonly W[])[]) => Promise<ReadonlySet<W>>;
  /** Maximum number of locks that are retried in one turn. Newer locks come first, so that they are not delayed by older ones. */
  readonly maxPerTurn: number;
  /** Whether the entry is abandoned. It is retried immediately, which rejects it without a transaction. */
  readonly isAbandoned: (waiting: W) => boolean;
}

/** Entries that wait for locks of other transactions, by the name of the lock. */
export interface LockQueue<W> {
  isEmpty(): boolean;
  /** Whether the lock was recently found to be held. */
  has(name: string): boolean;
  add(name: string, waiting: W): void;
}

interface Lock<W> {
  waiting: W[];
  /** Doubles each time the lock is found to be held. */
  pauseMs: number;
  retryAt: number;
}

/** Longer than most locks, which end with the commit of another batch. */
const FIRST_PAUSE_MS = 5;
/** An unlocked order must be changed within a second; a probe of many orders takes milliseconds. */
const LONGEST_PAUSE_MS = 160;
const NONE: ReadonlySet<string> = new Set();

/**
 * Entries wait until their lock is released. The first retry needs no probe, because most locks are held for one short
 * transaction. After that all locks that are due are probed together, and only the entries of unlocked ones are retried.
 * The queue runs one retry at a time, so it uses one connection regardless of the number of entries.
 */
export function createLockQueue<W>({
  findUnlocked,
  retry,
  maxPerTurn,
  isAbandoned,
}: LockQueueOptions<W>): LockQueue<W> {
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
    const free = names.length === 0 ? NONE : await findUnlocked(names);
    await retryFree(due.map(([name, lock]) => ({ lock, isFree: lock.pauseMs === FIRST_PAUSE_MS || free.has(name) })));
    working = false;
    for (const { retryAt } of locks.values()) schedule(retryAt);
  }

  /** A lock without entries is removed when it is due. Until then new entries for it join the queue immediately. */
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
      else Object.assign(lock, { pauseMs: FIRST_PAUSE_MS, retryAt: performance.now() }); // entries added during the retry come next
    }
  }

  function take(lock: Lock<W>, isFree: boolean): readonly W[] {
    const taken = new Set(isFree ? lock.waiting : lock.waiting.filter(isAbandoned));
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

/** Retries are aligned to multiples of the pause, so that locks found at different times are probed together. */
function backOff<W>(lock: Lock<W>): void {
  lock.pauseMs = Math.min(2 * lock.pauseMs, LONGEST_PAUSE_MS);
  lock.retryAt = (Math.floor(performance.now() / lock.pauseMs) + 1) * lock.pauseMs;
}
