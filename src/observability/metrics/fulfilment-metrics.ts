import type { Registry } from 'prom-client';
import { addStateGauge, type Sample } from './state-gauge.js';

export interface FulfilmentState {
  readonly queued: number;
  /** How long the oldest due job has waited; null without one. */
  readonly oldestDueMs: number | null;
  readonly deadLetters: number;
}

/** The jobs of fulfilment. Absent if fulfilment is off, or while the database does not respond. */
export function createFulfilmentMetrics(registry: Registry) {
  const registers = [registry];
  let read: (() => Promise<FulfilmentState | null>) | null = null;
  const gauge = (
    name: string,
    { help, labelNames = [] }: { readonly help: string; readonly labelNames?: string[] },
    samplesOf: (state: FulfilmentState) => readonly Sample[],
  ) =>
    addStateGauge({ name, help, labelNames, aggregator: 'max', registers }, async () => {
      const state = (await read?.()) ?? null;
      return state === null ? [] : samplesOf(state);
    });
  gauge(
    'ordergraph_fulfilment_jobs',
    { help: 'Fulfilment jobs, by state: queued (or running), or dead_letter.', labelNames: ['state'] },
    ({ queued, deadLetters }) => [
      [{ state: 'queued' }, queued],
      [{ state: 'dead_letter' }, deadLetters],
    ],
  );
  gauge(
    'ordergraph_fulfilment_oldest_due_seconds',
    { help: 'How long the oldest due fulfilment job has waited. 0 without one.' },
    ({ oldestDueMs }) => [[{}, (oldestDueMs ?? 0) / 1_000]],
  );
  return {
    /** @param state shared by concurrent calls; null if it cannot be read */
    watch(state: () => Promise<FulfilmentState | null>): void {
      read = state;
    },
  };
}
