import type { Database } from '../../database/database.js';
import { bookmarkAt } from '../../domain/bookmark.js';
import type { EventLog } from '../../orders/interfaces/event-log.js';
import {
  ConsumerDelay,
  ConsumerHold,
  type EventConsumer,
  type ExternalConsumer,
  type TransactionalConsumer,
} from './consumer.js';
import { checkProgress, forget, restored, type ConsumerMemory } from './consumer-memory.js';
import {
  acquireLease,
  advancePosition,
  holdConsumer,
  lockProgress,
  readDenseEnd,
  readProgress,
  registerConsumers,
  releaseLease,
  type Lease,
  type Progress,
} from './consumer-positions.js';

export interface TurnDependencies {
  readonly database: Database;
  readonly eventLog: Pick<EventLog, 'pointAt' | 'readBehind'>;
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
  readonly memory: ConsumerMemory;
}

export interface TurnResult {
  /** How many batches were handled: 0 where there was too little to do, or another process has the lease. */
  readonly batches: number;
  /** Why the consumer does not run until an operator acts; null if it runs. */
  readonly held: string | null;
}

interface Batch {
  readonly isEmpty: boolean;
  /** Whether it ended the turn. */
  readonly isLast: boolean;
}

/** Whether the batch that leaves this many events unhandled is the last of its turn. */
type IsLast = (unhandled: bigint) => boolean;

/**
 * Runs a consumer for one turn: takes the lease, handles batches, releases the lease. The turn ends when few events are
 * left, or after half of the lease, so that its last batch has the other half. A consumer that cannot know what to do is
 * held: it neither skips nor repeats events.
 *
 * @throws ConsumerDelay
 */
export async function takeTurn(
  consumer: EventConsumer,
  dependencies: TurnDependencies,
  { minEvents, isClosing, closing, memory }: TurnOptions,
): Promise<TurnResult> {
  const { database, holder, leaseMs } = dependencies;
  const progress = await knownProgress(consumer, dependencies);
  if (progress.held !== null) {
    forget(memory); // the operator decides what follows
    return { batches: 0, held: progress.held };
  }
  const reason = await checkProgress(consumer, memory, progress, dependencies.eventLog);
  if (reason !== null) return hold(consumer, dependencies, { token: progress.token, memory }, new ConsumerHold(reason));
  if (progress.last - progress.position < minEvents || (await isAtGap(progress, dependencies))) return NOTHING;
  // The time begins before the lease, so that it never outlives the lease.
  const signal = AbortSignal.any([AbortSignal.timeout(leaseMs), closing]);
  const endsAt = performance.now() + leaseMs / 2;
  const lease = await acquireLease(database.prisma, consumer.name, holder, leaseMs);
  if (lease === null) return NOTHING;
  memory.token = lease.token;
  const isLast: IsLast = (left) => left < minEvents || performance.now() >= endsAt || isClosing();
  const handleBatch = () =>
    consumer.kind === 'transactional'
      ? commitBatch(consumer, dependencies, lease, isLast)
      : deliverBatch(consumer, dependencies, { lease, signal, memory }, isLast);
  try {
    return { batches: await handleBatches(handleBatch), held: null };
  } catch (cause) {
    if (cause instanceof ConsumerHold) return hold(consumer, dependencies, { ...lease, memory }, cause);
    if (cause instanceof ConsumerDelay || isClosing()) await releaseLease(database.prisma, lease); // for other processes
    throw cause;
  }
}

const NOTHING: TurnResult = { batches: 0, held: null };

/** @param token under which the reason was found */
async function hold(
  { name }: EventConsumer,
  { database }: TurnDependencies,
  { token, memory }: { readonly token: bigint; readonly memory: ConsumerMemory },
  cause: ConsumerHold,
): Promise<TurnResult> {
  if (!(await holdConsumer(database.prisma, { name, token }, memory.token, cause))) return NOTHING; // taken meanwhile
  forget(memory);
  return { batches: 0, held: cause.message };
}

/** A database that was restored to a time before the consumer was new does not know it. */
async function knownProgress(consumer: EventConsumer, { database }: TurnDependencies): Promise<Progress> {
  const { name } = consumer;
  const progress = await readProgress(database.prisma, name);
  if (progress !== null) return progress;
  await registerConsumers(database.prisma, [consumer]);
  const registered = await readProgress(database.prisma, name);
  if (registered === null) throw new Error(`event_consumers has no row for ${name}.`);
  return registered;
}

/** Whether the next position is missing, so that a lease would be useless. */
async function isAtGap({ position }: Progress, { database }: TurnDependencies): Promise<boolean> {
  return (await readDenseEnd(database.prisma, position, position + 1n)) === position;
}

async function handleBatches(handleBatch: () => Promise<Batch>): Promise<number> {
  let batches = 0;
  for (;;) {
    const { isEmpty, isLast } = await handleBatch();
    if (!isEmpty) batches += 1;
    if (isLast) return batches;
  }
}

/** Commits the effect of a batch together with the position. */
async function commitBatch(
  consumer: TransactionalConsumer,
  { database }: TurnDependencies,
  lease: Lease,
  isLast: IsLast,
): Promise<Batch> {
  return database.prisma.$transaction(async (tx) => {
    const progress = await lockProgress(tx, lease);
    if (progress === null) throw leaseLost(lease);
    const { position: after, last } = progress;
    const batchEnd = after + BigInt(consumer.batchSize);
    const upTo = await readDenseEnd(tx, after, batchEnd < last ? batchEnd : last);
    if (upTo > after) await consumer.handle(tx, { after, upTo });
    const release = upTo === after || isLast(last - upTo);
    if (!(await advancePosition(tx, lease, upTo, release))) throw leaseLost(lease);
    return { isEmpty: upTo === after, isLast: release };
  });
}

interface Delivering {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly memory: ConsumerMemory;
}

/** Delivers a batch and advances after the acknowledgement. */
async function deliverBatch(
  consumer: ExternalConsumer,
  { database, eventLog }: TurnDependencies,
  { lease, signal, memory }: Delivering,
  isLast: IsLast,
): Promise<Batch> {
  const progress = await readProgress(database.prisma, consumer.name);
  if (progress?.token !== lease.token) throw leaseLost(lease);
  const { position, last, acceptedToken } = progress;
  const reason = await checkProgress(consumer, memory, progress, eventLog); // another process may have advanced it
  if (reason !== null) throw new ConsumerHold(reason);
  const part = await eventLog.readBehind(memory.bookmark, consumer.batchSize);
  if (part === 'rewound') throw new ConsumerHold(restored(consumer, memory, progress));
  const { events } = part;
  signal.throwIfAborted(); // the lease has ended
  const delivery = { token: lease.token, signal, db: database.prisma, acceptedToken };
  if (events.length > 0) await consumer.handle(events, delivery);
  const upTo = position + BigInt(events.length);
  const release = events.length === 0 || isLast(last - upTo);
  if (!(await advancePosition(database.prisma, lease, upTo, release))) throw leaseLost(lease);
  const end = events.at(-1);
  if (end !== undefined) memory.bookmark = bookmarkAt(end);
  return { isEmpty: end === undefined, isLast: release };
}

function leaseLost({ name }: Lease): Error {
  return new Error(`Another process has taken the lease of consumer ${name}.`);
}
