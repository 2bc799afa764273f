import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as ApiSpan,
  type SpanContext,
  type Tracer as ApiTracer,
} from '@opentelemetry/api';
import {
  isSampled,
  type ParentContext,
  type Span,
  type SpanAttributes,
  type SpanOptions,
  type Tracer,
} from './span.js';

/** Maximum number of links of a span. */
export const MAX_LINKS = 128;

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Spans of an OpenTelemetry tracer. */
export function createTracer(api: ApiTracer): Tracer {
  return {
    start: (name, { parent = null, ...options } = {}) =>
      startSpan(api, name, options, parent === null ? ROOT_CONTEXT : contextOf(parent)),
  };
}

function startSpan(
  api: ApiTracer,
  name: string,
  { kind = 'internal', attributes = {}, links = [] }: SpanOptions,
  context: Context,
): Span {
  const linked = links.slice(0, MAX_LINKS).map((traceparent) => ({ context: spanContextOf(traceparent) }));
  return new TracedSpan(api, api.startSpan(name, { kind: KINDS[kind], attributes, links: linked }, context));
}

function contextOf({ traceparent, tracestate, isRemote }: ParentContext): Context {
  const traceState = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) };
  return trace.setSpanContext(ROOT_CONTEXT, { ...spanContextOf(traceparent), ...traceState, isRemote });
}

/** Of a well-formed `traceparent` of version 00: two digits, 32, 16 and two, with a hyphen between them. */
function spanContextOf(traceparent: string): SpanContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: Number.parseInt(traceparent.slice(53), 16),
  };
}

class TracedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
  readonly isSampled: boolean;
  readonly #api: ApiTracer;
  readonly #span: ApiSpan;
  #hasEnded = false;

  constructor(api: ApiTracer, span: ApiSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    this.isSampled = isSampled(this.traceparent);
    this.#api = api;
    this.#span = span;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  headers(): Readonly<Record<string, string>> {
    const { traceparent } = this;
    const tracestate = this.#span.spanContext().traceState?.serialize() ?? '';
    return tracestate === '' ? { traceparent } : { traceparent, tracestate };
  }

  child(name: string, options: SpanOptions = {}): Span {
    return startSpan(this.#api, name, options, trace.setSpan(ROOT_CONTEXT, this.#span));
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(type: string): void {
    this.#span.setAttribute('error.type', type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#span.end();
  }
}
