import { z } from 'zod';
import { choice, optionalText, url, whole, type Variable } from '../variable-kinds.js';

const COLLECTOR = /^https?:\/\/[^?#]*$/;

/** The variables of OpenTelemetry that the server supports. Their names, values and defaults are those of its specification. */
export const TRACE_VARIABLES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url(
    COLLECTOR,
    'http:// or https:// URL',
    'Collector of OpenTelemetry; see docs/operations.md. Traces are sent to `/v1/traces` below this URL. Without a collector there are no traces.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url(
    COLLECTOR,
    'http:// or https:// URL',
    'Complete URL that traces are sent to, in place of the one below `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice('http/json', ['http/json'], 'Encoding of the traces. Collectors detect it.'),
  OTEL_EXPORTER_OTLP_HEADERS: headers('Headers sent to the collector, such as a token. Values are percent-encoded.'),
  OTEL_EXPORTER_OTLP_TIMEOUT: whole(
    10_000,
    1,
    600_000,
    'Maximum duration of one export with its retries, in milliseconds.',
  ),
  OTEL_SERVICE_NAME: optionalText('Name of the service in its traces. Default: `ordergraph`.'),
  OTEL_RESOURCE_ATTRIBUTES: pairs(
    'Further attributes of every trace, such as `deployment.environment.name=production`. Values are percent-encoded.',
  ),
  OTEL_TRACES_SAMPLER: choice(
    'parentbased_always_on',
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    'Which requests are traced. The samplers `parentbased_…` follow the `traceparent` header of a request if it has one.',
  ),
  OTEL_TRACES_SAMPLER_ARG: share('1', 'Share of the requests that the samplers `…traceidratio` select.'),
  OTEL_SDK_DISABLED: choice('false', ['false', 'true'], '`true` switches traces off.'),
} as const satisfies Readonly<Record<string, Variable>>;

const PAIR = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*([^,;"\\]*?)\s*$/;

/** Pairs of names and values, as in the W3C header `baggage`. */
function pairs(about: string): Variable<Readonly<Record<string, string>>> {
  const bounds = 'list of name=value, separated by commas';
  const schema = z
    .string()
    .default('')
    .transform((list, context) => {
      const parts = list.split(',').filter((part) => part.trim() !== '');
      const parsed = parts.flatMap((part) => parsePair(part) ?? []);
      if (parsed.length < parts.length) context.addIssue({ code: 'custom', message: `must be a ${bounds}` });
      return Object.fromEntries(parsed.map(({ name, value }) => [name, value]));
    });
  return { schema, fallback: '', bounds, about };
}

function headers(about: string): Variable<Readonly<Record<string, string>>> {
  const { schema, ...rest } = pairs(about);
  const rule = 'must have values of printable ASCII characters';
  const sendable = schema.refine((values) => Object.values(values).every((value) => /^[ -~]*$/.test(value)), rule);
  return { ...rest, schema: sendable, secret: true };
}

function parsePair(part: string): { readonly name: string; readonly value: string } | null {
  const [, name, encoded] = PAIR.exec(part) ?? [];
  if (name === undefined || encoded === undefined) return null;
  try {
    return { name, value: decodeURIComponent(encoded) };
  } catch {
    return null; // an incomplete percent-encoding
  }
}

function share(fallback: string, about: string): Variable<number> {
  const rule = 'must be a number from 0 to 1';
  const schema = z
    .string()
    .default(fallback)
    .refine((given) => /^\d(\.\d{1,12})?$/.test(given) && Number(given) <= 1, rule)
    .transform(Number);
  return { schema, fallback, bounds: '0 to 1', about };
}
