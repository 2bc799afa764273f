import type { ServerResponse } from 'node:http';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { currentSpan, inChildSpan, measure, type Tracer } from '../../src/observability/span.js';
import { startTracing } from '../../src/observability/traces.js';
import { statementSpan } from '../../src/store/statement-span.js';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.js';

const FLUSH_MS = 2_000;

function tracingTo({ url }: OtlpReceiver, sampler: 'always_on' | 'always_off' = 'always_on') {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const options = { url: `${url}/v1/traces`, headers: { 'x-key': 'one' }, timeoutMs: 60_000, resource: {}, ratio: 1 };
  const tracing = startTracing({ ...options, sampler }, log);
  let closing: Promise<void> | undefined;
  const closeOnce = () => (closing ??= tracing.close());
  onTestFinished(closeOnce);
  return { tracer: tracing.tracer, close: closeOnce, lines };
}

async function endSpans(tracer: Tracer, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    tracer.start('busy').end();
    if (index % 100 === 0) await turn();
  }
}

test('a collector that does not respond costs a bounded number of spans, which is logged once', async () => {
  const receiver = await startOtlpReceiver();
  const held: ServerResponse[] = [];
  receiver.respond = (response) => void held.push(response);
  const { tracer, close, lines } = tracingTo(receiver);
  await endSpans(tracer, 20_000);
  receiver.respond = (response) => void response.end('{}');
  for (const response of held) response.end('{}');
  await expect.poll(() => receiver.spans.length).toBeGreaterThan(512);
  await endSpans(tracer, 10);
  await close();
  expect(receiver.spans.length).toBeLessThan(6_000);
  expect(lines.filter((line) => line.includes('traces are incomplete'))).toHaveLength(1);
  expect(receiver.headers[0]).toMatchObject({ 'x-key': 'one' });
});

test('closing ends in time with a collector that does not respond', async () => {
  const receiver = await startOtlpReceiver();
  receiver.respond = () => undefined;
  const { tracer, close } = tracingTo(receiver);
  tracer.start('one').end();
  const began = performance.now();
  await close();
  expect(performance.now() - began).toBeGreaterThan(FLUSH_MS - 100);
  expect(performance.now() - began).toBeLessThan(2 * FLUSH_MS);
});

test('a span without a parent is sampled if a linked span is, whatever the sampler', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer } = tracingTo(receiver, 'always_off');
  const linkedTo = (flags: string) => ({ links: [`00-${'1'.repeat(32)}-${'2'.repeat(16)}-${flags}`] });
  expect(tracer.start('one', linkedTo('01')).isSampled).toBe(true);
  expect(tracer.start('one', linkedTo('00')).isSampled).toBe(false);
  expect(tracer.start('one').isSampled).toBe(false);
});

test('a span has at most 128 links', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer, close } = tracingTo(receiver);
  const links = Array.from({ length: 200 }, () => tracer.start('one').traceparent);
  tracer.start('many', { links }).end();
  await close();
  expect(receiver.spans[0]?.links).toHaveLength(128);
});

test('work that outlives its span is outside of it', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer, close } = tracingTo(receiver);
  const late = Promise.withResolvers<string | null>();
  await measure(tracer.start('request'), async (span) => {
    setTimeout(() => late.resolve(currentSpan()?.spanId ?? null), 20);
    expect(currentSpan()).toBe(span);
    await inChildSpan('child', {}, () => sleep(1));
  });
  expect(await late.promise).toBeNull();
  await close();
  expect(receiver.spans.map(({ name }) => name)).toEqual(['child', 'request']);
});

test('a failure is recorded by its class, without its message', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer, close } = tracingTo(receiver);
  const failing = [
    Object.assign(new Error('duplicate key (ada@example.com)'), { code: '23505' }),
    new TypeError('of ada@example.com'),
  ];
  for (const cause of failing)
    await measure(tracer.start('one'), () => Promise.reject(cause)).catch((thrown: unknown) =>
      expect(thrown).toBe(cause),
    );
  await close();
  expect(receiver.spans.map(({ attributes }) => attributes['error.type'])).toEqual(['23505', 'TypeError']);
  expect(receiver.bodies.join('')).not.toContain('ada@');
});

test.each([
  ['SELECT * FROM orders o WHERE o.id = any($1) FOR UPDATE SKIP LOCKED', 'SELECT orders'],
  [
    'WITH x AS (INSERT INTO orders (id) VALUES ($1) ON CONFLICT DO NOTHING) INSERT INTO order_items SELECT 1',
    'INSERT orders INSERT order_items',
  ],
  ['INSERT INTO order_stats VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 1', 'INSERT order_stats'],
  ['UPDATE orders SET version = 2', 'UPDATE orders'],
  ["SET LOCAL lock_timeout = '10ms'", 'SET'],
])('the statement %s is named %s', (sql, name) => {
  expect(statementSpan(sql)).toMatchObject({ name, options: { attributes: { 'db.query.summary': name } } });
});
