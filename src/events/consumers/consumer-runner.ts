import type { Logger } from 'pino';
import { startPollLoop } from '../poll-loop.js';
import { ConsumerDelay, type EventConsumer } from './consumer.js';
import { createConsumerMemory } from './consumer-memory.js';
import { registerConsumers } from './consumer-positions.js';
import { takeTurn, type TurnDependencies } from './consumer-turn.js';

/** A process that dies in a turn delays its consumers by this much; nothing renews a lease. */
const LEASE_MS = 10_000;

/** Time before the next attempt after a delay. */
const RETRY_MS = 1_000;

/** Time that a batch in progress has to end when the process closes. */
const CLOSE_MS = 2_000;

export interface ConsumerRunnerOptions extends Omit<TurnDependencies, 'leaseMs'> {
  readonly consumers: readonly EventConsumer[];
  readonly pollMs: number;
  readonly leaseMs?: number;
  readonly log: Logger;
}

export interface ConsumerRunner {
  /** Reports that the log has grown by this many events. */
  readonly eventsLogged: (count: number) => void;
  /** Stops after the batches in progress. */
  readonly close: () => Promise<void>;
}

/**
 * Runs consumers of the event log, each in a separate poll loop: a slow or failing one does not affect the others. Of
 * all processes on a database, one at a time runs a consumer.
 */
export async function startConsumers(options: ConsumerRunnerOptions): Promise<ConsumerRunner> {
  const { consumers, database, leaseMs = LEASE_MS } = options;
  const names = consumers.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error(`Two consumers have the same name: ${names.join(', ')}.`);
  await registerConsumers(database.prisma, consumers);
  const runners = consumers.map((consumer) => startConsumer(consumer, { ...options, leaseMs }));
  return {
    eventsLogged: (count) => {
      for (const runner of runners) runner.eventsLogged(count);
    },
    close: async () => {
      await Promise.all(runners.map((runner) => runner.close()));
    },
  };
}

function startConsumer(
  consumer: EventConsumer,
  { pollMs, log, ...dependencies }: TurnDependencies & Pick<ConsumerRunnerOptions, 'pollMs' | 'log'>,
): ConsumerRunner {
  const { name, batchSize, maxDelayMs, debounceMs = 0 } = consumer;
  // Half a batch, because a batch rarely starts with the first event that this process has read.
  const wakeAt = maxDelayMs === 0 ? 1 : batchSize / 2;
  let logged = 0;
  let dueAt = performance.now() + maxDelayMs;
  let isClosed = false;
  let retryAt = 0;
  const closing = new AbortController();
  let heldFor: string | null = null;
  const memory = createConsumerMemory();

  function logHold(held: string | null): void {
    if (held !== null && heldFor === null) log.error({ consumer: name, reason: held }, HELD);
    if (held === null && heldFor !== null) log.info({ consumer: name }, 'consumer resumed');
    heldFor = held;
  }

  const pollLoop = startPollLoop({
    name,
    debounceMs,
    pollMs,
    log,
    async poll() {
      if (performance.now() < retryAt) return false;
      const isDue = performance.now() >= dueAt;
      const ending = { isClosing: () => isClosed, closing: closing.signal };
      const turn = await unlessDelayed(
        takeTurn(consumer, dependencies, { minEvents: isDue ? 1 : batchSize, memory, ...ending }),
      );
      if (turn === 'delayed') {
        retryAt = performance.now() + RETRY_MS;
        return false;
      }
      const { batches, held } = turn;
      logHold(held);
      if (isDue || batches > 0) dueAt = performance.now() + maxDelayMs;
      return batches > 0 && !isClosed;
    },
  });
  return {
    eventsLogged(count) {
      logged += count;
      if (logged < wakeAt) return;
      logged = 0;
      pollLoop.wake();
    },
    async close() {
      isClosed = true;
      const timer = setTimeout(() => closing.abort(), CLOSE_MS);
      await pollLoop.close();
      clearTimeout(timer);
      if (consumer.kind === 'external') await consumer.close?.();
    },
  };
}

async function unlessDelayed<T>(turn: Promise<T>): Promise<T | 'delayed'> {
  try {
    return await turn;
  } catch (cause) {
    if (cause instanceof ConsumerDelay) return 'delayed';
    throw cause;
  }
}

const HELD = 'consumer held: it does not run until an operator acts, see npm run cli -- consumers';
