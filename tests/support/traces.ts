import type { OtlpReceiver, ReceivedSpan } from './otlp-receiver.js';
import { startServer } from './server.js';

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
/** The headers of a request of a sampled trace. */
export const PARENT = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, tracestate: 'vendor=one' };

const CREATE =
  'mutation CreateTea($input: CreateOrderInput!) { createOrder(input: $input) { order { id items { name } } } }';

interface Created {
  readonly createOrder: { readonly order: { readonly id: string } };
}

const TEA = { name: 'Tea', quantity: 3, unitPrice: '4.20' };

export async function post(url: string, query: string, variables: object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { headers: response.headers, body: (await response.json()) as { readonly data: Created } };
}

export async function createTea(url: string, headers: Record<string, string> = {}, more: object = {}) {
  const variables = { input: { items: [TEA], ...more } };
  const { headers: received, body } = await post(url, CREATE, variables, headers);
  return { headers: received, id: body.data.createOrder.order.id };
}

export function collectorOf(
  { url }: Pick<OtlpReceiver, 'url'>,
  more: Record<string, string> = {},
): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more };
}

/** Runs requests on a server. Returns after its shutdown, which exports the last spans. */
export async function onServer<T>(
  database: { readonly url: string },
  env: Record<string, string>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const server = await startServer(database.url, env);
  try {
    return await work(server.url);
  } finally {
    await server.close();
  }
}

export function named({ spans }: OtlpReceiver, name: string | RegExp): ReceivedSpan[] {
  return spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
}

/** The span of this name. Throws if there is none, or another one. */
export function only(receiver: OtlpReceiver, name: string | RegExp): ReceivedSpan {
  const [span, ...others] = named(receiver, name);
  if (span === undefined || others.length > 0) throw new Error(`${others.length + 1} spans are named ${String(name)}`);
  return span;
}

export function childrenOf({ spans }: OtlpReceiver, { spanId }: ReceivedSpan): string[] {
  return spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ name }) => name);
}
