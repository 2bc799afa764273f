import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { ProcessMetrics } from './messages.js';

/** The metrics of the supervisor about its workers. */
export function createGroupMetrics(countReady: () => number) {
  const registry = new Registry();
  const registers = [registry];
  void new Gauge({
    name: 'ordergraph_workers',
    help: 'Worker processes that serve.',
    registers,
    collect() {
      this.set(countReady());
    },
  });
  const crashes = new Counter({
    name: 'ordergraph_worker_crashes_total',
    help: 'Worker processes that ended unexpectedly.',
    registers,
  });
  return {
    crashed: () => crashes.inc(),
    /** Merges the metrics of the workers, each by its aggregator, and adds those of the supervisor. */
    async merge(ofWorkers: readonly ProcessMetrics[]): Promise<string> {
      return AggregatorRegistry.aggregate([...ofWorkers, await registry.getMetricsAsJSON()]).metrics();
    },
  };
}
