import type { Registry } from 'prom-client';
import { addStateGauge, type Sample } from './state-gauge.js';

export interface EventLogState {
  /** The last assigned position. */
  readonly position: number;
  /** Committed events without a position, at most a bounded number. */
  readonly unsequenced: number;
  /** Age of the oldest of them; null without one. */
  readonly unsequencedMs: number | null;
}

export interface ConsumerState {
  readonly name: string;
  readonly position: number;
  readonly lag: number;
  readonly ageMs: number | null;
  readonly held: string | null;
}

export interface EventLogSource {
  /** Null if it cannot be read. */
  readonly eventLog: () => Promise<EventLogState | null>;
  readonly consumers: () => Promise<readonly ConsumerState[] | null>;
}

/** The sequencer and the consumers of the event log. Absent while the database does not respond. */
export function createEventLogMetrics(registry: Registry) {
  let source: EventLogSource | null = null;
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    read: (from: EventLogSource) => Promise<readonly Sample[]>,
  ) =>
    addStateGauge({ name, help, labelNames, aggregator: 'max', registers: [registry] }, async () =>
      source === null ? [] : read(source),
    );
  const ofLog = (name: string, help: string, valueOf: (state: EventLogState) => number) =>
    gauge(name, help, [], async ({ eventLog }) => {
      const state = await eventLog();
      return state === null ? [] : [[{}, valueOf(state)]];
    });
  const ofConsumers = (name: string, help: string, valueOf: (consumer: ConsumerState) => number) =>
    gauge(name, help, ['consumer'], async ({ consumers }) =>
      ((await consumers()) ?? []).map((consumer) => [{ consumer: consumer.name }, valueOf(consumer)]),
    );
  ofLog('ordergraph_event_log_position', 'Last position of the event log.', ({ position }) => position);
  ofLog(
    'ordergraph_event_log_unsequenced_events',
    'Committed events without a position. Counted up to 10,000.',
    ({ unsequenced }) => unsequenced,
  );
  ofLog(
    'ordergraph_event_log_unsequenced_age_seconds',
    'Age of the oldest counted event without a position. 0 without one.',
    ({ unsequencedMs }) => (unsequencedMs ?? 0) / 1_000,
  );
  ofConsumers('ordergraph_consumer_position', 'Position of a consumer in the event log.', ({ position }) => position);
  ofConsumers('ordergraph_consumer_lag_events', 'Events that a consumer has not handled.', ({ lag }) => lag);
  ofConsumers(
    'ordergraph_consumer_lag_seconds',
    'Age of the oldest event that a consumer has not handled. 0 without one.',
    ({ ageMs }) => (ageMs ?? 0) / 1_000,
  );
  ofConsumers('ordergraph_consumer_held', '1 if a consumer is held until an operator acts, otherwise 0.', ({ held }) =>
    held === null ? 0 : 1,
  );
  return {
    watch(from: EventLogSource): void {
      source = from;
    },
  };
}
