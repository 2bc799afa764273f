import type { FormattedExecutionResult } from 'graphql';
import type { RequestCost } from '../graphql/cost.js';
import { HTTP_STATUS, readAfterWrite } from '../graphql/errors.js';
import type { Charge } from '../rate-limit/charge.js';
import { retryAfterOf } from './charge-for.js';
import { traceErrors } from './request-spans.js';

const RETRY_AFTER_SECONDS = '1';

/** UTF-8 bytes of one UTF-16 code unit. */
const MOST_BYTES_OF_A_UNIT = 3;

/** An executed request as it is sent. */
export interface FinishedResponse {
  readonly result: FormattedExecutionResult;
  readonly text: string;
  /** HTTP status; null for that of a success. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is known of a request besides its result. */
export interface FinishedRequest {
  /** Response names of the mutations whose write is stored. */
  readonly stored: ReadonlySet<string | number>;
  /** Its cost is null if the request was rejected before its execution. */
  readonly outcome: { readonly cost: RequestCost | null };
  /** Null without a rate limit. */
  readonly charge: Charge | null;
}

export type FinishResponse = (result: FormattedExecutionResult, request: FinishedRequest) => FinishedResponse;

/** No response may be stored by a cache. */
export const HEADERS = { 'cache-control': 'no-store' } as const;

/**
 * Creates what every transport over HTTP does with the result of an execution. Responses larger than `maxBytes` are
 * rejected. The response to a stored write is always sent: the client must learn what was stored, and the cost limit
 * bounds its size.
 */
export function createFinish(maxBytes: number): FinishResponse {
  return (given, request) => {
    const { stored } = request;
    const result = withCost(wordReadsAfterWrites(given, stored), request);
    traceErrors(result);
    const text = serialize(result);
    const fits = text.length <= maxBytes / MOST_BYTES_OF_A_UNIT || Buffer.byteLength(text) <= maxBytes;
    if (fits || stored.size > 0) return { result, text, ...headOf(result) };
    const { extensions } = result;
    const rejected = { errors: [tooLarge(maxBytes)], ...(extensions === undefined ? {} : { extensions }) };
    return { result: rejected, text: serialize(rejected), status: 400, headers: HEADERS };
  };
}

/** Reports the cost of an executed request as Shopify does, and gives back what it did not cost. */
function withCost(result: FormattedExecutionResult, { outcome, charge }: FinishedRequest): FormattedExecutionResult {
  const { cost } = outcome;
  if (cost === null) return result;
  const { requested } = cost;
  const actual = cost.actual(result);
  const throttleStatus = charge?.settle(actual);
  const reported = { requestedQueryCost: requested, actualQueryCost: actual, throttleStatus };
  return { ...result, extensions: { ...result.extensions, cost: reported } };
}

/** Rewords errors of reads that follow a stored write, so that none of them suggests that nothing was stored. */
function wordReadsAfterWrites(
  result: FormattedExecutionResult,
  stored: ReadonlySet<string | number>,
): FormattedExecutionResult {
  if (result.errors === undefined || stored.size === 0) return result;
  const errors = result.errors.map((error) => (stored.has(error.path?.[0] ?? '') ? readAfterWrite(error) : error));
  return { ...result, errors };
}

/**
 * An HTTP error status if no field of the request succeeded, for proxies and load balancers. A stored mutation always has a
 * payload, so no status invites a retry of it. A write with an unknown outcome gets no Retry-After.
 */
function headOf({ data, errors }: FormattedExecutionResult): Pick<FinishedResponse, 'status' | 'headers'> {
  const status = errors?.map(({ extensions }) => HTTP_STATUS.get(String(extensions?.['code']))).find(Boolean) ?? null;
  if (status === null || !hasNothing(data)) return { status: null, headers: HEADERS };
  const isUnknown = errors?.some(({ extensions }) => extensions?.['outcome'] === 'UNKNOWN') ?? false;
  if (status === 429) {
    const throttled = errors?.find(({ extensions }) => extensions?.['code'] === 'THROTTLED');
    return { status, headers: { ...HEADERS, 'retry-after': retryAfterOf(throttled?.extensions ?? {}) } };
  }
  const retry = status === 503 && !isUnknown ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
  return { status, headers: { ...HEADERS, ...retry } };
}

function hasNothing(data: FormattedExecutionResult['data']): boolean {
  return data === null || data === undefined || Object.values(data).every((value) => value === null);
}

/** Errors come first, so that a person sees them at once. */
export function serialize({ errors, data, extensions }: FormattedExecutionResult): string {
  return `${JSON.stringify({ errors, data, extensions })}\n`;
}

function tooLarge(maxBytes: number) {
  const message = `The response must have at most ${maxBytes} bytes; it is larger. Request smaller pages or fewer fields.`;
  return { message, extensions: { code: 'BAD_USER_INPUT', maxBytes } };
}
