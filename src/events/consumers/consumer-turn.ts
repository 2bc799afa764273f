import type { Database } from '../../database/database.js';
import type { EventLog } from '../../orders/interfaces/event-log.js';
import { ConsumerDelay, type EventConsumer, type ExternalConsumer, type TransactionalConsumer } from './consumer.js';
import {
  acquireLease,
  advancePosition,
  lockProgress,
  readProgress,
  releaseLease,
  type Lease,
  type Progress,
} from './consumer-positions.js';

export interface TurnDependencies {
  readonly database: Database;
  readonly eventLog: Pick<EventLog, 'read'>;
  /** Identifies this process. */
  readonly holder: string;
  /** How long a lease is valid. A process that dies or hangs is replaced after this time. */
  readonly leaseMs: number;
}

export interface TurnOptions {
  /** Fewer unhandled events end the turn. */
  readonly minEvents: number;
  readonly isClosing: () => boolean;
  /** Aborts when a batch in progress must end. */
  readonly closing: AbortSignal;
}

/** Whether the batch that leaves this many events unhandled is the last of its turn. */
type IsLast = (unhandled: bigint) => boolean;

/**
 * Runs a consumer for one turn: takes the lease, handles batches, releases the lease. The turn ends when few events are
 * left, or after half of the lease, so that its last batch has the other half.
 *
 * @returns how many batches were handled: 0 where there was too little to do, or another process has the lease
 */
export async function takeTurn(
  consumer: EventConsumer,
  dependencies: TurnDependencies,
  { minEvents, isClosing, closing }: TurnOptions,
): Promise<number> {
  const { database, holder, leaseMs } = dependencies;
  if (unhandled(consumer, await readProgress(database.prisma, consumer.name)) < minEvents) return 0;
  // The time begins before the lease, so that it never outlives the lease.
  const signal = AbortSignal.any([AbortSignal.timeout(leaseMs), closing]);
  const endsAt = performance.now() + leaseMs / 2;
  const lease = await acquireLease(database.prisma, consumer.name, holder, leaseMs);
  if (lease === null) return 0;
  const isLast: IsLast = (left) => left < minEvents || performance.now() >= endsAt || isClosing();
  const handleBatch = () =>
    consumer.kind === 'transactional'
      ? commitBatch(consumer, dependencies, lease, isLast)
      : deliverBatch(consumer, dependencies, lease, signal, isLast);
  try {
    for (let batches = 1; ; batches += 1) if (await handleBatch()) return batches;
  } catch (cause) {
    if (cause instanceof ConsumerDelay) await releaseLease(database.prisma, lease);
    throw cause;
  }
}

function unhandled({ name }: EventConsumer, { position, last }: Progress): bigint {
  if (last >= position) return last - position;
  throw new Error(
    `The log ends at position ${last}, but consumer ${name} is at ${position}: the database was restored to an earlier state. Run "npm run consumer -- rebuild ${name}".`,
  );
}

/** Commits the effect of a batch together with the position. @returns whether it was the last one */
async function commitBatch(
  consumer: TransactionalConsumer,
  { database }: TurnDependencies,
  lease: Lease,
  isLast: IsLast,
): Promise<boolean> {
  return database.prisma.$transaction(async (tx) => {
    const progress = await lockProgress(tx, lease);
    if (progress === null) throw leaseLost(lease);
    const after = progress.position;
    const count = Math.min(consumer.batchSize, Number(unhandled(consumer, progress)));
    const upTo = after + BigInt(count);
    if (count > 0) await consumer.handle(tx, { after, upTo });
    const release = isLast(progress.last - upTo);
    if (!(await advancePosition(tx, lease, upTo, release))) throw leaseLost(lease);
    return release;
  });
}

/** Delivers a batch and advances after the acknowledgement. @returns whether it was the last one */
async function deliverBatch(
  consumer: ExternalConsumer,
  { database, eventLog }: TurnDependencies,
  lease: Lease,
  signal: AbortSignal,
  isLast: IsLast,
): Promise<boolean> {
  const { position, last, acceptedToken } = await readProgress(database.prisma, consumer.name);
  const events = await eventLog.read(position, consumer.batchSize);
  signal.throwIfAborted(); // the lease has ended
  const delivery = { token: lease.token, signal, db: database.prisma, acceptedToken };
  if (events.length > 0) await consumer.handle(events, delivery);
  const upTo = position + BigInt(events.length);
  const release = isLast(last - upTo) || events.length === 0;
  if (!(await advancePosition(database.prisma, lease, upTo, release))) throw leaseLost(lease);
  return release;
}

function leaseLost({ name }: Lease): Error {
  return new Error(`Another process has taken the lease of consumer ${name}.`);
}
