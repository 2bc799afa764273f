import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/database/database.js';
import type { EventConsumer, ExternalConsumer, TransactionalConsumer } from '../../src/events/consumers/consumer.js';
import { createConsumerMemory, type ConsumerMemory } from '../../src/events/consumers/consumer-memory.js';
import { registerConsumers } from '../../src/events/consumers/consumer-positions.js';
import { takeTurn, type TurnDependencies, type TurnResult } from '../../src/events/consumers/consumer-turn.js';
import { createEventLog } from '../../src/store/event-log.js';

/** A process that runs one consumer. */
export type ConsumerProcess = TurnDependencies & { readonly memory: ConsumerMemory };

export function processOn(store: Database, leaseMs = 10_000): ConsumerProcess {
  const memory = createConsumerMemory();
  return { database: store, eventLog: createEventLog(store), holder: randomUUID(), leaseMs, memory };
}

/** @returns the number of batches */
export async function turn(consumer: EventConsumer, own: ConsumerProcess): Promise<number> {
  return (await turnOf(consumer, own)).batches;
}

export async function turnOf(
  consumer: EventConsumer,
  { memory, ...dependencies }: ConsumerProcess,
): Promise<TurnResult> {
  await registerConsumers(dependencies.database.prisma, [consumer]);
  const options = { minEvents: 1, isClosing: () => false, closing: new AbortController().signal, memory };
  return takeTurn(consumer, dependencies, options);
}

const OPTIONS = { batchSize: 10, maxDelayMs: 0 };

export const CREATE_CONSUMED = 'CREATE TABLE consumed (position bigint PRIMARY KEY, times int NOT NULL DEFAULT 1)';

/** Counts the deliveries of each event in the table `consumed`. */
export function tableConsumer(beforeWrite: () => Promise<void> = async () => {}): TransactionalConsumer {
  return {
    ...OPTIONS,
    kind: 'transactional',
    name: 'test-table',
    tables: ['consumed'],
    async handle(tx, { after, upTo }) {
      await beforeWrite();
      await tx.$executeRawUnsafe(
        `INSERT INTO consumed AS c (position) SELECT generate_series($1::bigint + 1, $2::bigint)
         ON CONFLICT (position) DO UPDATE SET times = c.times + 1`,
        after,
        upTo,
      );
    },
  };
}

/** An external system that acknowledges events. */
export function externalConsumer(acknowledge: () => Promise<void> = async () => {}) {
  const received: { readonly token: bigint; readonly positions: readonly bigint[] }[] = [];
  const consumer: ExternalConsumer = {
    ...OPTIONS,
    kind: 'external',
    name: 'test-external',
    async handle(events, { token }) {
      received.push({ token, positions: events.map(({ position }) => position) });
      await acknowledge();
    },
  };
  return { consumer, received, positions: () => received.flatMap(({ positions }) => positions) };
}

/** The positions from 1. */
export const upTo = (last: number) => Array.from({ length: last }, (_, index) => BigInt(index + 1));
