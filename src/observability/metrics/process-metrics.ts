import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Gauges whose names end in `_total`, which Prometheus reserves for counters. Others show the same by type. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

/** CPU, memory, event loop and garbage collection, under the usual names of Node.js processes. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
