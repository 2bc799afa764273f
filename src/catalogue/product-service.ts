import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleType,
  retry,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import type { Logger } from 'pino';
import type { PartMonitor } from '../observability/part-monitor.js';
import { inChildSpan, type Span, type SpanOptions } from '../observability/span.js';
import type { ProductResponse } from './product-responses.js';

export interface ProductServiceOptions {
  readonly monitor?: Pick<PartMonitor, 'worked' | 'failed'>;
  /** http or https, without query and fragment. User info is sent as an Authorization header. */
  readonly url: string;
  /** Maximum duration of one attempt, including its body, in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum number of retries after a failed attempt. */
  readonly retries: number;
  readonly breaker: {
    /** Number of consecutive failed attempts that opens the circuit breaker. */
    readonly failures: number;
    /** Time that the breaker stays open before one attempt is allowed, in milliseconds. */
    readonly restMs: number;
  };
}

export interface ProductService {
  /**
   * Sends a GET request, with retries.
   *
   * @param path appended to the URL of the service
   * @param request.hasWaiters checked before each attempt; without waiting callers the request is dropped
   * @param request.isFinal statuses that are returned, although they would otherwise be retried
   * @returns every response except 5xx and 429. Rejects with an Error whose message is a sentence
   */
  get(path: string, request: ProductRequest): Promise<ProductResponse>;
}

interface ProductRequest {
  readonly hasWaiters: () => boolean;
  readonly isFinal?: (status: number) => boolean;
}

const MAX_BYTES = 1_000_000;
const AT_ONCE = 8;
/** Further requests are rejected at once, because their deadlines would pass in the queue. */
const MAX_QUEUED = 10_000;

/** A failure that may be temporary. */
class Failure extends Error {
  override readonly name = 'ProductServiceFailure';
}

/**
 * Calls the product service over HTTP, with a timeout, retries, a limit of concurrent requests and a circuit breaker.
 * Throws if the URL is invalid; the message does not contain it.
 */
export function createProductService(options: ProductServiceOptions, log: Logger): ProductService {
  const { base, headers } = readUrl(options.url);
  const attempt: SpanOptions = { kind: 'client', attributes: attributesOf(base) };
  const retrying = retry(handleType(Failure), {
    maxAttempts: options.retries,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }),
  });
  const lanes = bulkhead(AT_ONCE, MAX_QUEUED);
  const breaker = createBreaker(options.breaker, log);

  async function tryOnce(path: string, { isFinal }: ProductRequest): Promise<ProductResponse> {
    const url = `${base}${path}`;
    const response = await inChildSpan('GET', attempt, (span) => send(url, headers, options.timeoutMs, span)).catch(
      (cause: unknown) => {
        options.monitor?.failed();
        throw cause;
      },
    );
    const failed = response.status >= 500 || response.status === 429;
    if (failed && isFinal?.(response.status) !== true) {
      options.monitor?.failed();
      throw new Failure(`The product service responded with status ${response.status}.`);
    }
    options.monitor?.worked();
    return response;
  }

  return {
    async get(path, request) {
      try {
        return await retrying.execute(() =>
          lanes.execute(() => {
            // Outside of the breaker, which would count this as a success.
            if (!request.hasWaiters())
              throw new Error('The request was dropped because no caller waits for the product.');
            return breaker.execute(() => tryOnce(path, request)); // inside the lanes, so that an open breaker empties the queue
          }),
        );
      } catch (cause) {
        if (cause instanceof BrokenCircuitError) throw openBreaker(breaker);
        if (cause instanceof BulkheadRejectedError)
          throw new Error('Too many requests are waiting for the product service.', { cause });
        throw cause;
      }
    },
  };
}

function openBreaker(breaker: CircuitBreakerPolicy): Error {
  const cause = errorOf(breaker.lastFailure);
  return new Error('The product service has failed several times in a row; requests to it are paused.', { cause });
}

function errorOf(reason: unknown): unknown {
  return (reason as { readonly error?: unknown } | undefined)?.error;
}

/** A circuit breaker that logs once when it opens and once when it closes, not for failed attempts in between. */
function createBreaker({ failures, restMs }: ProductServiceOptions['breaker'], log: Logger): CircuitBreakerPolicy {
  const breaker = circuitBreaker(handleType(Failure), {
    breaker: new ConsecutiveBreaker(failures),
    halfOpenAfter: restMs,
  });
  let isOpen = false;
  breaker.onBreak((reason) => {
    if (!isOpen)
      log.warn({ err: errorOf(reason), restMs }, 'product service failed repeatedly; circuit breaker opened');
    isOpen = true;
  });
  breaker.onReset(() => {
    isOpen = false;
    log.info('product service recovered; circuit breaker closed');
  });
  return breaker;
}

/** Without the path, which has the ids of products. */
function attributesOf(base: string): SpanOptions['attributes'] & object {
  const { protocol, hostname, port } = new URL(base);
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return {
    'http.request.method': 'GET',
    'server.address': hostname,
    'server.port': port === '' ? defaultPort : Number(port),
  };
}

async function send(url: string, given: Headers, timeoutMs: number, span: Span | null): Promise<ProductResponse> {
  const headers = span === null ? given : new Headers([...given, ...Object.entries(span.headers())]);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: controller.signal });
    span?.set({ 'http.response.status_code': response.status });
    if (response.status >= 400) span?.fail(String(response.status));
    return { status: response.status, body: await readBody(response, controller.signal) };
  } catch (cause) {
    if (controller.signal.aborted) {
      throw new Failure(`The product service did not respond within ${timeoutMs} ms.`, { cause });
    }
    throw new Failure(`The product service could not be reached: ${reasonOf(cause)}.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function readBody(response: Response, signal: AbortSignal): Promise<ProductResponse['body']> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > MAX_BYTES) return 'too-large'; // leaving the loop closes the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The reason of a failed fetch is in the cause of its error. */
function reasonOf(cause: unknown): string {
  const inner = (cause as Error).cause as { readonly code?: string; readonly message?: string } | undefined;
  return inner?.code ?? inner?.message ?? (cause as Error).message;
}

/** Removes the user info from the URL: it must not be logged, and fetch rejects it. */
function readUrl(text: string): { readonly base: string; readonly headers: Headers } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new Error("The product service's URL must be an http or https URL without query and fragment.");
  }
  const headers = new Headers({ accept: 'application/json' });
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decode(url.username)}:${decode(url.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  return { base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, headers };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a literal percent sign
  }
}
