import { endingByErrors, endingByStatus, interrupted, type Ending, type GraphQLProblem } from './ending.js';

const TIMEOUT_MS = 15_000;

export interface QueryRequest {
  readonly url: string;
  readonly token: string | null;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Sends a query over HTTP. @returns its data, or why there is none */
export async function postQuery(
  { url, token, query, variables = {} }: QueryRequest,
  signal: AbortSignal,
): Promise<{ readonly data: unknown } | Ending> {
  const headers = {
    'content-type': 'application/json',
    connection: 'close', // a kept connection can be half-open when the next query is sent
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const request = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url.replace(/^ws/, 'http'), { ...request, signal: bounded });
    const { data, errors } = parse(await response.text());
    if (errors !== undefined) return endingByErrors(errors);
    return data === undefined ? endingByStatus(response.status, url) : { data };
  } catch {
    return interrupted(`No server responds at ${url}.`); // fetch rejects for connections that fail, and when time is up
  }
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLProblem[];
}

/** A proxy can respond with something other than JSON. */
function parse(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}
