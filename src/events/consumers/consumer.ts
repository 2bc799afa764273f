import type { Queryable } from '../../database/database.js';
import type { LoggedEvent } from '../../domain/order-event.js';
import type { EventRange } from '../../orders/interfaces/event-log.js';

interface ConsumerOptions {
  /** Identifies the consumer in `event_consumers`. */
  readonly name: string;
  /** Most events of one call of `handle`, which must end within half a lease (5 s). */
  readonly batchSize: number;
  /** Longest time that events wait for a full batch. With 0 they are handled as soon as they are in the log. */
  readonly maxDelayMs: number;
  /** With `maxDelayMs` 0: the time that events collect before they are handled. Default: 0. */
  readonly debounceMs?: number;
  /** Where the consumer starts if the database does not know it. Default: at the beginning of the log. */
  readonly startAt?: 'beginning' | 'end';
}

/** A consumer whose effect is in this database. Effect and position are committed together: each event counts once. */
export interface TransactionalConsumer extends ConsumerOptions {
  readonly kind: 'transactional';
  /** The tables that `handle` writes, without a schema. No other code writes them: a rebuild replaces their rows. */
  readonly tables: readonly string[];
  /** Applies the events of the range. Everything it writes goes through `tx`. */
  handle(tx: Queryable, range: EventRange): Promise<void>;
}

/**
 * A consumer with an external effect. The position advances after the acknowledgement: each event arrives at least
 * once.
 */
export interface ExternalConsumer extends ConsumerOptions {
  readonly kind: 'external';
  /** Resolves when the other system has acknowledged all events; rejects otherwise. */
  handle(events: readonly LoggedEvent[], delivery: Delivery): Promise<void>;
  /** Disconnects from the other system. */
  readonly close?: () => Promise<void>;
}

export interface Delivery {
  /** Grows with each lease. A receiver that keeps the largest token can reject the calls of an earlier holder. */
  readonly token: bigint;
  /** Aborts when the lease ends, or a moment after the process begins to close. */
  readonly signal: AbortSignal;
  readonly db: Queryable;
  /** The largest token whose effects an operator has accepted, when the consumer was held because of them. */
  readonly acceptedToken: bigint;
}

/**
 * Thrown by `handle` while the other system does not accept events. The consumer has logged the reason. The runner ends the
 * lease, so that another process may try, and retries after a moment.
 */
export class ConsumerDelay extends Error {
  override readonly name = 'ConsumerDelay';
}

/**
 * Thrown by `handle` if the consumer must not run until an operator acts. The message is the reason that operators read:
 * what was found, and which commands continue.
 */
export class ConsumerHold extends Error {
  override readonly name = 'ConsumerHold';
  readonly acceptedToken: bigint;

  /** @param options the largest token of the effects that were found: they are not found again after the hold */
  constructor(message: string, { acceptedToken = 0n }: { readonly acceptedToken?: bigint } = {}) {
    super(message);
    this.acceptedToken = acceptedToken;
  }
}

/** A durable reader of the event log. The runner calls it with the events after its position, one batch at a time. */
export type EventConsumer = TransactionalConsumer | ExternalConsumer;
