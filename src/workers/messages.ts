import type { Registry } from 'prom-client';

/** The metrics of one process. */
export type ProcessMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Messages from a worker to the supervisor. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'metrics'; readonly request: number; readonly metrics: ProcessMetrics }
  | { readonly kind: 'read-all-metrics'; readonly request: number };

/** Messages from the supervisor to a worker. They also work on systems without signals. */
export type ToWorker =
  | { readonly kind: 'stop' }
  | { readonly kind: 'read-metrics'; readonly request: number }
  | { readonly kind: 'all-metrics'; readonly request: number; readonly text: string };
