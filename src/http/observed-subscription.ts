import type { GraphQLFormattedError } from 'graphql';
import { requestErrorOf } from '../graphql/errors.js';
import { codesOf, type EndedSubscription, type TransportObserver } from './transport-observer.js';

type Identified = Pick<EndedSubscription, 'viewer' | 'operation' | 'cost'>;

/** Reports one subscription to the observer: its start, its events, and its end once. */
export class ObservedSubscription {
  readonly #observer: TransportObserver;
  readonly #identified: Identified;
  /** Aborts when the client disconnects. */
  readonly #gone: AbortSignal;
  readonly #began = performance.now();
  #events = 0;
  #isOver = false;

  constructor(observer: TransportObserver, identified: Identified, gone: AbortSignal) {
    this.#observer = observer;
    this.#identified = identified;
    this.#gone = gone;
  }

  started(): void {
    this.#observer.subscriptionStarted();
  }

  /** @param errors of the response to an event, formatted */
  sent(errors: readonly GraphQLFormattedError[] | undefined): void {
    if (this.#isOver) return; // the error that ended it
    this.#events += 1;
    this.#observer.eventSent(codesOf(errors));
  }

  /** The client has ended it, or its websocket was closed. */
  returned(): void {
    this.#end(this.#gone.aborted ? 'disconnected' : 'unsubscribed');
  }

  completed(): void {
    this.#end('completed');
  }

  failed(cause: unknown): void {
    this.#end('failed', [codeOf(cause)]);
  }

  rejected(errors: readonly unknown[]): void {
    this.#end('rejected', [...new Set(errors.map(codeOf))]);
  }

  #end(reason: EndedSubscription['reason'], codes: readonly string[] = []): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const durationMs = performance.now() - this.#began;
    this.#observer.subscriptionEnded({ ...this.#identified, durationMs, events: this.#events, reason, codes });
  }
}

function codeOf(cause: unknown): string {
  return requestErrorOf(cause)?.code ?? 'INTERNAL_SERVER_ERROR';
}
