import { isIP } from 'node:net';
import type { Admin, BaseOptions, Consumer, Producer, SASLMechanismValue } from '@platformatic/kafka';

type Client = Admin | Consumer | Producer;

/** How to connect to a cluster. */
export interface KafkaCluster {
  /** host:port of some brokers. */
  readonly brokers: readonly string[];
  /** `ca`: certificate authorities in PEM, or null for those of Node.js. Null without TLS. */
  readonly tls: { readonly ca: string | null } | null;
  /** Null without authentication. */
  readonly sasl: {
    readonly mechanism: SASLMechanismValue;
    readonly username: string;
    readonly password: string;
  } | null;
}

/** A request is sent at most three times. The broker recognizes the retries of an idempotent producer. */
export function connectionOptions({ brokers, tls, sasl }: KafkaCluster): BaseOptions {
  const hasNames = brokers.some((broker) => isIP(broker.replace(/:\d+$/, '')) === 0);
  return {
    ...(tls === null ? {} : { tls: tls.ca === null ? {} : { ca: tls.ca }, tlsServerName: hasNames }),
    ...(sasl === null ? {} : { sasl }),
    clientId: 'ordergraph',
    bootstrapBrokers: [...brokers],
    connectTimeout: 2_000,
    requestTimeout: 2_000,
    timeout: 1_500,
    retries: 2, // an idempotent producer retries without end if fewer are given
    retryDelay: 100,
  };
}

/** A lost connection fails the calls that use it. Its `error` event would otherwise end the process. */
export function guarded<C extends Client>(client: C): C {
  client.connections.on('connecting', ({ connection }) => connection.on('error', () => undefined));
  return client;
}

/** Closes a client at once. Its own `close` waits until a broker that hangs has read everything. */
export function discard(client: Client): void {
  for (const [, connection] of client.connections) connection.socket?.destroy();
  client.close().catch(() => undefined); // the calls in progress report the failure
}

/** Uses a client for one piece of work, at the longest until the signal aborts. */
export async function withClient<C extends Client, T>(
  client: C,
  signal: AbortSignal,
  work: (client: C) => Promise<T>,
): Promise<T> {
  const abandon = () => discard(client);
  signal.addEventListener('abort', abandon, { once: true });
  try {
    signal.throwIfAborted();
    return await work(client);
  } finally {
    signal.removeEventListener('abort', abandon);
    discard(client);
  }
}

/** Settles with the work, or rejects when the signal aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
