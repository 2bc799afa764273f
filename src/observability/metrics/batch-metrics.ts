import { Counter, Histogram, type Registry } from 'prom-client';
import { addStateGauge } from './state-gauge.js';

export interface MeasuredBatch {
  readonly kind: string;
  readonly size: number;
}

const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The batches and queues of the coalescers, as their observer. */
export function createBatchMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['kind'];
  const depths = new Map<string, () => number>();
  const size = new Histogram({
    name: 'ordergraph_batch_size',
    help: 'Commands of a write batch, or distinct keys of a read batch.',
    labelNames,
    buckets: SIZES,
    registers,
  });
  const duration = new Histogram({
    name: 'ordergraph_batch_duration_seconds',
    help: 'Duration of a batch, with the time to obtain a database connection and its retries.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'ordergraph_batch_failures_total',
    help: 'Commands of write batches and keys of read batches that failed. Rejected commands have not failed.',
    labelNames,
    registers,
  });
  addStateGauge(
    {
      name: 'ordergraph_batch_queue_depth',
      help: 'Commands or keys that are queued or running.',
      labelNames,
      aggregator: 'sum',
      registers,
    },
    () => [...depths].map(([kind, depth]) => [{ kind }, depth()]),
  );
  return {
    queue(kind: string, depth: () => number): void {
      depths.set(kind, depth);
    },
    async run<V>(batch: MeasuredBatch, work: () => Promise<readonly V[]>): Promise<readonly V[]> {
      const labels = { kind: batch.kind };
      const began = performance.now();
      let failed = batch.size;
      try {
        const results = await work();
        failed = countErrors(results);
        return results;
      } finally {
        size.observe(labels, batch.size);
        duration.observe(labels, (performance.now() - began) / 1_000);
        if (failed > 0) failures.inc(labels, failed);
      }
    },
  };
}

function countErrors(results: readonly unknown[]): number {
  let errors = 0;
  for (const result of results) if (result instanceof Error) errors += 1;
  return errors;
}
