import { Registry } from 'prom-client';
import { createBatchMetrics } from './metrics/batch-metrics.js';
import { createDatabaseMetrics } from './metrics/database-metrics.js';
import { createEventLogMetrics } from './metrics/event-log-metrics.js';
import { createFulfilmentMetrics } from './metrics/fulfilment-metrics.js';
import { addProcessMetrics } from './metrics/process-metrics.js';
import { createProductMetrics } from './metrics/product-metrics.js';
import { createRequestMetrics } from './metrics/request-metrics.js';
import { createSubscriptionMetrics } from './metrics/subscription-metrics.js';

/** The metrics of a server, by topic. Each server has its own registry. */
export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of all processes of a server as text. */
export type ReadAllMetrics = (own: Registry) => Promise<string>;

/**
 * Creates the metrics of a server. Their names follow the conventions of Prometheus. Every gauge has an aggregator, by which
 * prom-client merges the metrics of several processes.
 */
export function createMetrics(readAll: ReadAllMetrics = (own) => own.metrics()) {
  const registry = new Registry();
  addProcessMetrics(registry);
  return {
    registry,
    readAll: () => readAll(registry),
    requests: createRequestMetrics(registry),
    subscriptions: createSubscriptionMetrics(registry),
    batches: createBatchMetrics(registry),
    database: createDatabaseMetrics(registry),
    eventLog: createEventLogMetrics(registry),
    products: createProductMetrics(registry),
    fulfilment: createFulfilmentMetrics(registry),
  };
}
