import { ApolloServer } from '@apollo/server';
import { expect, vi } from 'vitest';
import type { TestServer } from '../server.js';
import { isSameWithoutTiming } from './without-timing.js';

export type HttpRequest = RequestInit & {
  /** After the URL of GraphQL. */
  readonly search?: string;
};

/** How often the server with the fast lane gets a request. The first is answered by Apollo, which makes the document known. */
const TIMES = 3;

const CHANGING_HEADERS = new Set(['date', 'x-request-id']);

export interface TwoServers {
  /** Sends a request to both servers and expects the same status, headers and body. */
  readonly expectSame: (request: HttpRequest, options?: SameOptions) => Promise<void>;
  /** Number of requests that the fast lane answered. */
  readonly fast: () => number;
}

export interface SameOptions {
  /** The request before each execution, for requests that must not have the same ids. */
  readonly renewed?: () => HttpRequest;
}

/** @param plain executes every request by Apollo and graphql-js */
export function compareServers(plain: TestServer, withLane: TestServer): TwoServers {
  let byLane = 0;
  const execute = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');
  return {
    fast: () => byLane,
    async expectSame(request, { renewed = () => request } = {}) {
      const expected = await exchange(plain, renewed());
      expectActualCostWithinRequested(expected.body);
      for (let time = 0; time < TIMES; time += 1) {
        execute.mockClear();
        const sent = renewed();
        const actual = await exchange(withLane, sent);
        if (actual.status === 200 && execute.mock.calls.length === 0 && sent.method === 'POST') byLane += 1;
        expectSameExchange({ time, request }, actual, expected);
      }
    },
  };
}

/** The actual cost of a response without errors is computed from its lists, so a list beyond its declared size exceeds it. */
function expectActualCostWithinRequested(body: string): void {
  if (!body.startsWith('{"data"')) return;
  const { extensions } = JSON.parse(body) as {
    readonly extensions: { readonly cost: Readonly<Record<string, number>> };
  };
  const { requestedQueryCost, actualQueryCost } = extensions.cost;
  expect(actualQueryCost).toBeGreaterThanOrEqual(0);
  expect(actualQueryCost).toBeLessThanOrEqual(requestedQueryCost ?? 0);
}

type Exchange = Awaited<ReturnType<typeof exchange>>;

/** @param label shown on failure */
export function expectSameExchange(label: object, actual: Exchange, expected: Exchange): void {
  const { 'content-length': _one, ...headers } = actual.headers;
  const { 'content-length': _other, ...expectedHeaders } = expected.headers;
  const isTiming = actual.body !== expected.body && isSameJsonWithoutTiming(actual.body, expected.body);
  expect({ label, ...actual, ...(isTiming ? { headers, body: '' } : {}) }).toEqual({
    label,
    ...expected,
    ...(isTiming ? { headers: expectedHeaders, body: '' } : {}),
  });
}

function isSameJsonWithoutTiming(one: string, other: string): boolean {
  if (!one.startsWith('{"errors"') || !other.startsWith('{"errors"')) return false;
  return isSameWithoutTiming(JSON.parse(one) as object, JSON.parse(other) as object);
}

/** @returns the status, headers and body of the response */
export async function exchange({ url }: TestServer, { search = '', ...init }: HttpRequest) {
  const response = await fetch(`${url}${search}`, { redirect: 'manual', ...init });
  const headers = [...response.headers].filter(([name]) => !CHANGING_HEADERS.has(name));
  return { status: response.status, headers: Object.fromEntries(headers), body: withoutChanges(await response.text()) };
}

/** Replaces what differs between two requests that do the same: new ids, numbers and times. */
function withoutChanges(body: string): string {
  return body
    .replaceAll(/"correlationId":"[^"]*"/g, '"correlationId":"…"')
    .replaceAll(/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/g, 'an id')
    .replaceAll(/"number":"[^"]*"/g, '"number":"…"')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]*Z"/g, '"a time"');
}

/** A request as most clients send it. */
export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}
