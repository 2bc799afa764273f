import { Admin } from '@platformatic/kafka';
import { createClient } from 'redis';
import { kafkaClusterOf } from '../../app/kafka-cluster.js';
import type { Config } from '../../config.js';
import { connectionOptions, guarded, untilAborted, withClient } from '../../kafka/connection.js';
import { ok, problem, warning, type Check, type Finding } from './finding.js';

type Result = Omit<Finding, 'subject'>;

const TIMEOUT_MS = 5_000;

/** The checks of the configured optional parts. */
export function serviceChecks({ redisUrl, kafka, catalogue, auth }: Config): Check[] {
  return [
    ...(redisUrl === null ? [] : [{ subject: 'redis', run: () => checkRedis(redisUrl) }]),
    ...(kafka === null ? [] : [{ subject: 'kafka', run: () => checkKafka(kafka) }]),
    ...(catalogue.kind === 'none' ? [] : [{ subject: 'products', run: () => checkProducts(catalogue.url) }]),
    ...(auth.kind === 'jwks' ? [{ subject: 'keys', run: () => checkKeys(auth.url) }] : []),
  ];
}

async function checkRedis(url: string): Promise<Result[]> {
  const socket = { connectTimeout: TIMEOUT_MS, reconnectStrategy: false } as const;
  const client = createClient({ url, socket });
  client.on('error', () => undefined); // connect rejects as well
  try {
    await client.connect();
    const version = /redis_version:(\d+)\S*/.exec(await client.info('server'));
    if (Number(version?.[1]) >= 7) return [ok(`Redis at ${new URL(url).host} responds.`)];
    return [warning(`Redis has ${version?.[0] ?? 'an unknown version'}.`, 'Use Redis 7 or newer.')];
  } catch (cause) {
    const text = `Redis at ${new URL(url).host} does not respond: ${reasonOf(cause)}.`;
    return [warning(text, 'Requests continue without it. Check REDIS_URL, the network and the password.')];
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function checkKafka(kafka: NonNullable<Config['kafka']>): Promise<Result[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const topics = await withClient(guarded(new Admin(connectionOptions(kafkaClusterOf(kafka)))), signal, (admin) =>
      untilAborted(admin.listTopics(), signal),
    );
    const exists = topics.includes('order_events');
    return [ok(`Kafka responds; the topic order_events ${exists ? 'exists' : 'will be created'}.`)];
  } catch (cause) {
    const text = `Kafka at ${kafka.brokers.join(', ')} does not respond: ${reasonOf(cause)}.`;
    return [
      warning(
        text,
        'Orders continue, and their events are published later. Check KAFKA_BROKERS, KAFKA_SSL, KAFKA_SASL_MECHANISM and the network.',
      ),
    ];
  }
}

async function checkProducts(url: string): Promise<Result[]> {
  const { origin } = new URL(url);
  const remedy = 'Orders without names and prices are rejected meanwhile. Check PRODUCT_SERVICE_URL.';
  try {
    const { status } = await fetch(new URL(url), { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    if (status < 500) return [ok(`The product service at ${origin} responds.`)];
    return [warning(`The product service at ${origin} responds with the HTTP status ${status}.`, remedy)];
  } catch (cause) {
    return [warning(`The product service at ${origin} does not respond: ${reasonOf(cause)}.`, remedy)];
  }
}

const CLOCK_PROBLEM_MS = 10_000;

async function checkKeys(url: string): Promise<Result[]> {
  const remedy = 'Requests with tokens are rejected without keys. Check AUTH_JWKS_URL.';
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { keys } = (await response.json()) as { readonly keys?: readonly unknown[] };
    if (!response.ok || !Array.isArray(keys) || keys.length === 0) {
      return [problem(`AUTH_JWKS_URL has no keys (HTTP status ${response.status}).`, remedy)];
    }
    const differenceMs = Math.abs(Date.parse(response.headers.get('date') ?? '') - Date.now());
    const results = [ok(`AUTH_JWKS_URL has ${keys.length} keys.`)];
    if (differenceMs <= CLOCK_PROBLEM_MS || Number.isNaN(differenceMs)) return results;
    const text = `The clock of the token issuer differs by ${Math.round(differenceMs / 1_000)} s from that of this machine.`;
    return [...results, warning(text, 'Synchronize the clocks by NTP: tokens can be rejected as expired.')];
  } catch (cause) {
    return [problem(`AUTH_JWKS_URL cannot be read: ${reasonOf(cause)}.`, remedy)];
  }
}

function reasonOf(cause: unknown): string {
  const { message, cause: inner } = cause as { readonly message?: string; readonly cause?: { readonly code?: string } };
  return (inner?.code ?? message ?? String(cause)).replace(/\.$/, '');
}
