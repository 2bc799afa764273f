import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { diag, DiagLogLevel, type DiagLogger } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { createFailureLog } from './failure-log.js';
import { createSampler, type SamplerName } from './sampler.js';
import type { Tracer } from './span.js';
import { MAX_LINKS, createTracer } from './tracer.js';

export interface TracingOptions {
  /** Where traces are sent: the URL of the signal, which ends with /v1/traces in most collectors. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Maximum duration of one export, in milliseconds. */
  readonly timeoutMs: number;
  /** Describe this process, by the names of the semantic conventions. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: SamplerName;
  /** Share of the traces that the samplers `…traceidratio` select. */
  readonly ratio: number;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Exports the spans that have ended. Never rejects, and ends within `FLUSH_TIMEOUT_MS`. */
  close(): Promise<void>;
}

const FLUSH_TIMEOUT_MS = 2_000;
/** Bounds the memory for a collector that is slow or down: a span has about 1 KB. Further spans are dropped. */
const MAX_QUEUED_SPANS = 4_096;
const MAX_EXPORTED_SPANS = 512;
const EXPORT_INTERVAL_MS = 1_000;
const MAX_CONCURRENT_EXPORTS = 2;
const LIMITS = { attributeValueLengthLimit: 256, attributeCountLimit: 32, linkCountLimit: MAX_LINKS };

/** Starts the OpenTelemetry SDK, which exports by OTLP over HTTP in JSON. The module is imported only if traces are on. */
export function startTracing(
  { url, headers, timeoutMs, resource, sampler, ratio }: TracingOptions,
  log: Logger,
): Tracing {
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    concurrencyLimit: MAX_CONCURRENT_EXPORTS,
  });
  const processor = new BatchSpanProcessor({
    exporter: reporting(exporter, log),
    maxQueueSize: MAX_QUEUED_SPANS,
    maxExportBatchSize: MAX_EXPORTED_SPANS,
    scheduledDelayMillis: EXPORT_INTERVAL_MS,
    exportTimeoutMillis: timeoutMs,
  });
  const identity = resourceFromAttributes({ 'service.instance.id': randomUUID(), ...resource });
  const provider = new TracerProvider({
    resource: defaultResource().merge(identity),
    sampler: createSampler(sampler, ratio),
    spanLimits: LIMITS,
    spanProcessors: [processor],
  });
  diag.setLogger(dropReport(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return {
    tracer: createTracer(provider.getTracer('ordergraph')),
    async close() {
      const flushed = provider.shutdown().catch(() => undefined); // the failure of an export is logged by `reporting`
      await Promise.race([flushed, sleep(FLUSH_TIMEOUT_MS, undefined, { ref: false })]);
      diag.disable();
    },
  };
}

/** Logs failed exports. Their spans are dropped. */
function reporting(exporter: SpanExporter, log: Logger): SpanExporter {
  const failures = createFailureLog(log);
  return {
    export(spans, onResult) {
      exporter.export(spans, (result) => {
        if (result.error === undefined) failures.worked('traces are exported again');
        else failures.failed(describe(result.error), 'exporting traces failed; spans are dropped');
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

/** The body of a response may quote the request. */
function describe({ name, message, ...more }: Error): object {
  const { code } = more as { readonly code?: unknown };
  return { name, message, code };
}

const ignore = () => undefined;

/** The SDK reports through `diag` that its queue is full. It repeats the failures of exports there, as errors. */
function dropReport(log: Logger): DiagLogger {
  const drops = createFailureLog(log);
  return {
    error: ignore,
    warn: (message) => drops.failed({ name: 'SpansDropped', message }, 'traces are incomplete'),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
}
