import type { Values } from './environment.js';
import type { TracingOptions } from './observability/traces.js';

/** Null without a collector, and with `OTEL_SDK_DISABLED`. */
export function tracesOf(values: Values): TracingOptions | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: given } = values;
  const url = given ?? (endpoint === null ? null : `${endpoint.replace(/\/+$/, '')}/v1/traces`);
  if (url === null || values.OTEL_SDK_DISABLED === 'true') return null;
  const name = values.OTEL_SERVICE_NAME;
  const resource = { 'service.name': 'ordergraph', ...values.OTEL_RESOURCE_ATTRIBUTES };
  return {
    url,
    headers: values.OTEL_EXPORTER_OTLP_HEADERS,
    timeoutMs: values.OTEL_EXPORTER_OTLP_TIMEOUT,
    resource: name === null ? resource : { ...resource, 'service.name': name },
    sampler: values.OTEL_TRACES_SAMPLER,
    ratio: values.OTEL_TRACES_SAMPLER_ARG,
  };
}
