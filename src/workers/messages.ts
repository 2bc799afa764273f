import type { Registry } from 'prom-client';

/** The metrics of one process. */
export type ProcessMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What a worker sends to the supervisor. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'metrics'; readonly request: number; readonly metrics: ProcessMetrics }
  | { readonly kind: 'read-all-metrics'; readonly request: number };

/** What the supervisor sends to a worker. A message also works where there are no signals. */
export type ToWorker =
  | { readonly kind: 'stop' }
  | { readonly kind: 'read-metrics'; readonly request: number }
  | { readonly kind: 'all-metrics'; readonly request: number; readonly text: string };
