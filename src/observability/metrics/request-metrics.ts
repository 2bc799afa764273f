import { Counter, Histogram, type Registry } from 'prom-client';
import { createOperationNames } from './operation-names.js';

export interface MeasuredRequest {
  /** Null for a request without a valid operation. */
  readonly operation: { readonly name: string | null; readonly kind: string } | null;
  readonly durationMs: number;
  /** The requested cost; null for a request that was rejected before its cost was known. */
  readonly cost: number | null;
  /** Codes of its errors. */
  readonly codes: readonly string[];
}

/** From reads of a known document to requests at the deadline. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The codes of the alert on errors. */
const SERVER_FAULTS = ['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE', 'OVERLOADED'];

/** GraphQL requests over HTTP. */
export function createRequestMetrics(registry: Registry) {
  const registers = [registry];
  const labelOf = createOperationNames();
  const duration = new Histogram({
    name: 'ordergraph_graphql_request_duration_seconds',
    help: 'Duration of GraphQL requests over HTTP, from their headers to the end of the response.',
    labelNames: ['operation', 'type'],
    buckets: BUCKETS,
    registers,
  });
  const errors = new Counter({
    name: 'ordergraph_graphql_errors_total',
    help: 'GraphQL requests and subscriptions with an error of this code. Rejected commands (userErrors) are not errors.',
    labelNames: ['code'],
    registers,
  });
  for (const code of SERVER_FAULTS) errors.inc({ code }, 0); // otherwise the first error does not count as an increase
  const cost = new Counter({
    name: 'ordergraph_graphql_cost_points_total',
    help: 'Requested cost of the accepted GraphQL requests over HTTP, in points.',
    registers,
  });

  function failed(codes: readonly string[]): void {
    for (const code of new Set(codes)) errors.inc({ code });
  }

  return {
    failed,
    ended(request: MeasuredRequest): void {
      const { operation, durationMs, codes } = request;
      const labels =
        operation === null
          ? { operation: 'invalid', type: 'unknown' }
          : { operation: labelOf(operation.name), type: operation.kind };
      duration.observe(labels, durationMs / 1_000);
      if (request.cost !== null) cost.inc(request.cost);
      if (codes.length > 0) failed(codes);
    },
  };
}
