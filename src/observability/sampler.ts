import { trace, TraceFlags, type Context, type Link } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';

/** The values of `OTEL_TRACES_SAMPLER`. */
export type SamplerName = keyof typeof SAMPLERS;

const SAMPLERS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio: number) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio: number) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
} as const;

const SAMPLED = { decision: SamplingDecision.RECORD_AND_SAMPLED };
const NOT_SAMPLED = { decision: SamplingDecision.NOT_RECORD };

/**
 * A sampler that decides by name where a trace enters this process. Spans within the process follow their parent, and spans
 * with links, such as those of a worker, follow the linked spans: a trace is complete or absent.
 */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  const configured = SAMPLERS[name](ratio);
  return {
    shouldSample(context: Context, traceId, spanName, kind, attributes, links: Link[]) {
      const parent = trace.getSpanContext(context);
      if (parent !== undefined && parent.isRemote !== true) return isSampled(parent) ? SAMPLED : NOT_SAMPLED;
      if (links.length > 0) return links.some((link) => isSampled(link.context)) ? SAMPLED : NOT_SAMPLED;
      return configured.shouldSample(context, traceId, spanName, kind, attributes, links);
    },
    toString: () => configured.toString(),
  };
}

function isSampled({ traceFlags }: { readonly traceFlags: number }): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}
