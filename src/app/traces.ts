import type { BatchObserver } from '../coalesce/batch-observer.js';
import { isSampled, measure, runInSpan, type Tracer } from '../observability/span.js';
import type { Setup } from './setup.js';

/** Null without traces. OpenTelemetry is loaded only with them. */
export async function startTraces({ config, log, resources }: Setup): Promise<Tracer | null> {
  if (config.traces === null) return null;
  const { startTracing } = await import('../observability/traces.js');
  const tracing = startTracing(config.traces, log);
  resources.defer(() => tracing.close());
  return tracing.tracer;
}

/** Measures batches, and traces them if there is a tracer. */
export function observeBatches(measured: BatchObserver, tracer: Tracer | null): BatchObserver {
  if (tracer === null) return measured;
  const traced = traceBatches(tracer);
  return {
    run: (batch, work) => traced.run(batch, () => measured.run(batch, work)),
    queue: (kind, depth) => measured.queue(kind, depth),
  };
}

/**
 * One span for each batch that has a sampled request. It is a child of the first one, so that the trace of a single request
 * is complete, and has links to all of them.
 */
function traceBatches(tracer: Tracer): Pick<BatchObserver, 'run'> {
  return {
    run({ kind, size, callers }, work) {
      const requests = [...new Set(callers.flatMap(({ traceparent }) => traceparent ?? []))].filter(isSampled);
      const [first] = requests;
      if (first === undefined) return runInSpan(null, work); // a request of another batch may have started this one
      const span = tracer.start(`batch ${kind}`, {
        parent: { traceparent: first, isRemote: false },
        links: requests,
        attributes: {
          'ordergraph.batch.kind': kind,
          'ordergraph.batch.size': size,
          'ordergraph.batch.traced_requests': requests.length,
        },
      });
      return measure(span, work);
    },
  };
}
