import { expect } from 'vitest';
import { openWebsocket } from './websocket.js';

/** How a server responds to credentials. */
export interface Outcome {
  readonly accepted: boolean;
  readonly code: string | number;
  readonly message: string;
}

export interface HttpOutcome extends Outcome {
  readonly status: number;
  readonly challenge: string | null;
  readonly retryAfter: string | null;
}

/** Sends a request with this Authorization header. */
export async function outcomeOverHttp(url: string, authorization: string | null): Promise<HttpOutcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
    body: '{"query":"{ __typename }"}',
  });
  const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
  return {
    accepted: errors === undefined,
    code: errors?.[0]?.extensions.code ?? '',
    message: errors?.[0]?.message ?? '',
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    retryAfter: response.headers.get('retry-after'),
  };
}

/** Opens a websocket with this `connection_init`, and closes it. */
export async function outcomeOverWebsocket(url: string, authorization: string | null): Promise<Outcome> {
  const websocket = await openWebsocket(url, { init: false });
  websocket.send({ type: 'connection_init', ...(authorization === null ? {} : { payload: { authorization } }) });
  const accepted = await Promise.race([
    websocket.until(({ type }) => type === 'connection_ack').then(() => true),
    websocket.closed.then(() => false),
  ]).catch(() => false);
  if (accepted) websocket.socket.close();
  const { code, reason } = await websocket.closed;
  return { accepted, code, message: reason };
}

/** Expects that both transports reject the credentials for this reason, without repeating them. */
export async function expectRejected(url: string, authorization: string | null, message: string): Promise<void> {
  const overHttp = await outcomeOverHttp(url, authorization);
  const challenge = authorization === null ? 'Bearer' : `Bearer error="invalid_token", error_description="${message}"`;
  expect(overHttp).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', message, challenge });
  expect(await outcomeOverWebsocket(url, authorization)).toEqual({ accepted: false, code: 4403, message });
}

/** Expects that both transports accept the token. */
export async function expectAccepted(url: string, token: string): Promise<void> {
  expect(await outcomeOverHttp(url, `Bearer ${token}`)).toMatchObject({ accepted: true, status: 200 });
  expect(await outcomeOverWebsocket(url, `Bearer ${token}`)).toMatchObject({ accepted: true });
}
