import type { Logger } from 'pino';
import { startPollLoop } from '../poll-loop.js';
import type { EventConsumer } from './consumer.js';
import { registerConsumers } from './consumer-positions.js';
import { takeTurn, type TurnDependencies } from './consumer-turn.js';

/** A process that dies in a turn delays its consumers by this much; nothing renews a lease. */
const LEASE_MS = 10_000;

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

  const pollLoop = startPollLoop({
    name,
    debounceMs,
    pollMs,
    log,
    async poll() {
      const isDue = performance.now() >= dueAt;
      const options = { minEvents: isDue ? 1 : batchSize, isClosing: () => isClosed };
      const batches = await takeTurn(consumer, dependencies, options);
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
      await pollLoop.close();
    },
  };
}
