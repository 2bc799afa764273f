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
import type { ProductResponse } from './product-responses.js';

export interface ProductServiceOptions {
  /** http or https, without query and fragment; user info becomes an Authorization header. */
  readonly url: string;
  /** How long one try may take, to the end of its body. */
  readonly timeoutMs: number;
  /** How many more tries follow a failed one. */
  readonly retries: number;
  readonly breaker: {
    /** After this many failed tries in a row the service is left alone. */
    readonly failures: number;
    /** How long it is left alone before one try finds out whether it is back. */
    readonly restMs: number;
  };
}

export interface ProductService {
  /**
   * Sends one GET request, again where that may help.
   *
   * @param path behind the service's URL
   * @param request.isWanted asked before each try; nobody is asked for what nobody waits for any more
   * @param request.isFinal statuses that are answers here, though elsewhere they would be failures to try again
   * @returns every answer that is neither 5xx nor 429. Rejects with what went wrong, in a sentence
   */
  get(path: string, request: ProductRequest): Promise<ProductResponse>;
}

interface ProductRequest {
  readonly isWanted: () => boolean;
  readonly isFinal?: (status: number) => boolean;
}

const MAX_BYTES = 1_000_000;
const AT_ONCE = 8;
/** Beyond it callers are told at once; their deadlines would pass in the queue. */
const MAX_QUEUED = 10_000;

/** A try that failed in a way that may be over soon. */
class Failure extends Error {
  override readonly name = 'ProductServiceFailure';
}

/**
 * Calls the product service over HTTP: with a time-out, retries, a bounded number of requests at once, and a circuit
 * breaker. Throws where the URL is not usable; the message does not contain it.
 */
export function createProductService(options: ProductServiceOptions, log: Logger): ProductService {
  const { base, headers } = readUrl(options.url);
  const retrying = retry(handleType(Failure), {
    maxAttempts: options.retries,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }),
  });
  const lanes = bulkhead(AT_ONCE, MAX_QUEUED);
  const breaker = createBreaker(options.breaker, log);

  async function tryOnce(path: string, { isFinal }: ProductRequest): Promise<ProductResponse> {
    const response = await send(`${base}${path}`, headers, options.timeoutMs);
    const failed = response.status >= 500 || response.status === 429;
    if (failed && isFinal?.(response.status) !== true) {
      throw new Failure(`The product service answered with status ${response.status}.`);
    }
    return response;
  }

  return {
    async get(path, request) {
      try {
        return await retrying.execute(() =>
          lanes.execute(() => {
            // Outside of the breaker, which would take this for a sign of health.
            if (!request.isWanted())
              throw new Error('The request was dropped because no caller waits for the product.');
            return breaker.execute(() => tryOnce(path, request)); // within the lanes, so that opening empties the queue
          }),
        );
      } catch (cause) {
        if (cause instanceof BrokenCircuitError) throw resting(breaker);
        if (cause instanceof BulkheadRejectedError)
          throw new Error('Too many requests are waiting for the product service.', { cause });
        throw cause;
      }
    },
  };
}

function resting(breaker: CircuitBreakerPolicy): Error {
  const cause = errorOf(breaker.lastFailure);
  return new Error('The product service has failed several times in a row; requests to it are paused.', { cause });
}

function errorOf(reason: unknown): unknown {
  return (reason as { readonly error?: unknown } | undefined)?.error;
}

/** A circuit breaker that logs when it opens and when it closes, once each however many trials fail in between. */
function createBreaker({ failures, restMs }: ProductServiceOptions['breaker'], log: Logger): CircuitBreakerPolicy {
  const breaker = circuitBreaker(handleType(Failure), {
    breaker: new ConsecutiveBreaker(failures),
    halfOpenAfter: restMs,
  });
  let away = false;
  breaker.onBreak((reason) => {
    if (!away) log.warn({ err: errorOf(reason), restMs }, 'the product service fails and is left alone for a while');
    away = true;
  });
  breaker.onReset(() => {
    away = false;
    log.info('the product service answers again');
  });
  return breaker;
}

async function send(url: string, headers: Headers, timeoutMs: number): Promise<ProductResponse> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: controller.signal });
    return { status: response.status, body: await readBody(response, controller.signal) };
  } catch (cause) {
    if (controller.signal.aborted) {
      throw new Failure(`The product service did not answer within ${timeoutMs} ms.`, { cause });
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
    if (size > MAX_BYTES) return 'too-large'; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(cause: unknown): string {
  const inner = (cause as Error).cause as { readonly code?: string; readonly message?: string } | undefined;
  return inner?.code ?? inner?.message ?? (cause as Error).message;
}

/** Takes the user info out of the URL: it must be in no log, and fetch does not accept it. */
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
    return text; // a percent sign that encodes nothing is meant as one
  }
}
