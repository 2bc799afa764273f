import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { onTestFinished } from 'vitest';
import { claimsOf, type TokenClaims } from './tokens.js';

export const ISSUER = 'https://issuer.example/';
export const AUDIENCE = 'ordergraph';

/** A key pair of an issuer. */
export interface IssuerKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly publicKey: CryptoKey;
  /** Signs a token, by default of the customer ann. */
  readonly sign: (claims?: TokenClaims) => Promise<string>;
}

export async function createIssuerKey(kid: string, alg = 'RS256'): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    kid,
    publicKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: async (claims = {}) =>
      claimsOf({ iss: ISSUER, aud: AUDIENCE, ...claims })
        .setProtectedHeader({ alg, kid })
        .sign(privateKey),
  };
}

/** A JWKS server, and the environment of a server that uses it. */
export interface JwksServer {
  readonly url: string;
  readonly env: Record<string, string>;
  /** Number of requests so far. */
  readonly requests: () => number;
  readonly publish: (...keys: readonly IssuerKey[]) => void;
  /** Responds with this instead of the keys; null responds with the keys again. */
  readonly respond: (response: { readonly status: number; readonly body: string } | 'never' | null) => void;
  /** Stops listening, until `start`. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** Starts a JWKS server that is stopped with the test. */
export async function startJwks(...published: readonly IssuerKey[]): Promise<JwksServer> {
  let keys = published;
  let response: Parameters<JwksServer['respond']>[0] = null;
  let requests = 0;
  let port = 0;
  let server: Server;

  async function start(): Promise<void> {
    server = createServer((_request, reply) => {
      requests += 1;
      if (response === 'never') return;
      reply.writeHead(response?.status ?? 200, { 'content-type': 'application/json', connection: 'close' });
      reply.end(response?.body ?? JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
    });
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    ({ port } = server.address() as AddressInfo);
  }

  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }

  await start();
  onTestFinished(stop);
  const url = `http://127.0.0.1:${port}/jwks.json`;
  return {
    url,
    env: { AUTH_JWKS_URL: url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
    requests: () => requests,
    publish: (...next) => (keys = next),
    respond: (next) => (response = next),
    stop,
    start,
  };
}
