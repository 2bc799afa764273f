import { AsyncLocalStorage } from 'node:async_hooks';
import { sqlStateOf } from './sql-state.js';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Default: `internal`. */
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** Contexts of related spans, each as a `traceparent` of version 00. */
  readonly links?: readonly string[];
}

/** A timed operation of a trace. After `end`, the other methods have no effect. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** The context of the span as a `traceparent` of version 00. */
  readonly traceparent: string;
  /** Whether the span is exported. */
  readonly isSampled: boolean;
  readonly hasEnded: boolean;
  /** The headers that pass the context on to another service. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly child: (name: string, options?: SpanOptions) => Span;
  readonly rename: (name: string) => void;
  readonly set: (attributes: SpanAttributes) => void;
  /** @param type class of the failure, such as an error code; never a message, which may contain personal data */
  readonly fail: (type: string) => void;
  readonly end: () => void;
}

export interface ParentContext {
  /** Of version 00. */
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
  /** Whether another process started the parent. The configured sampler decides only on spans without a local parent. */
  readonly isRemote: boolean;
}

export interface Tracer {
  /** A span without a parent but with links is sampled if one of the linked spans is. */
  start(name: string, options?: SpanOptions & { readonly parent?: ParentContext | null }): Span;
}

const storage = new AsyncLocalStorage<Span | null>();

/**
 * The sampled span in which the code runs; null outside of one. Work that outlives its span, such as a timer that a request
 * has started, is outside.
 */
export function currentSpan(): Span | null {
  const span = storage.getStore();
  return span === undefined || span === null || span.hasEnded ? null : span;
}

export function runInSpan<T>(span: Span | null, work: () => T): T {
  return storage.run(span, work);
}

/** Runs work in a child of the current span. Without a current span it runs directly. */
export function inChildSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  const parent = currentSpan();
  return parent === null ? work(null) : measure(parent.child(name, options), work);
}

/** Runs work in a span and ends the span with it. */
export async function measure<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await storage.run(span, () => work(span));
  } catch (cause) {
    span.fail(failureType(cause));
    throw cause;
  } finally {
    span.end();
  }
}

/** Whether the span of a `traceparent` of version 00 is sampled. */
export function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(-2), 16) & SAMPLED) === SAMPLED;
}

const SAMPLED = 1;
const MAX_TYPE = 60;

/** The SQLSTATE, the code or the class of an error. */
function failureType(cause: unknown): string {
  const { code, name } = (cause ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const type = sqlStateOf(cause) ?? (typeof code === 'string' ? code : name);
  return typeof type === 'string' ? type.slice(0, MAX_TYPE) : 'Error';
}
