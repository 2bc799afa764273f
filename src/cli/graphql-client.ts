import http from 'node:http';
import https from 'node:https';

export interface GraphQLResult {
  readonly status: number;
  readonly data: unknown;
  /** The code of the first error; null without errors. */
  readonly errorCode: string | null;
  readonly message: string | null;
}

export interface GraphQLClient {
  /** @param body of the HTTP request, as JSON. Rejects if no response arrives. */
  readonly send: (body: string, signal?: AbortSignal) => Promise<GraphQLResult>;
  readonly close: () => void;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | null;
  readonly connections: number;
}

/** Sends GraphQL requests over kept-alive connections. `node:http` costs less CPU time per request than `fetch`. */
export function createGraphQLClient({ url, token, connections }: ClientOptions): GraphQLClient {
  const target = new URL(url);
  const library = target.protocol === 'https:' ? https : http;
  const agent = new library.Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  return {
    send: (body, signal) =>
      new Promise((resolve, reject) => {
        const length = { 'content-length': Buffer.byteLength(body) };
        const options = { agent, method: 'POST', headers: { ...headers, ...length }, ...(signal ? { signal } : {}) };
        const request = library.request(target, options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve(resultOf(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))));
        });
        request.on('error', reject);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

interface Response {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message?: string; readonly extensions?: { readonly code?: string } }[];
}

/** A proxy can respond with something other than JSON. */
function resultOf(status: number, text: string): GraphQLResult {
  const response = parse(text);
  const error = response?.errors?.[0];
  if (response?.data === undefined && error === undefined) {
    return { status, data: null, errorCode: `HTTP_${status}`, message: `The HTTP status is ${status}.` };
  }
  const errorCode = error === undefined ? null : (error.extensions?.code ?? 'UNKNOWN');
  return { status, data: response?.data ?? null, errorCode, message: error?.message ?? null };
}

function parse(text: string): Response | null {
  try {
    return JSON.parse(text) as Response | null;
  } catch {
    return null;
  }
}
