import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS, type TokenRules } from './auth/token-rules.js';
import type { Values } from './environment.js';
import { invalidConfiguration } from './startup-error.js';

export type AuthConfig =
  /** Every client is admin. `guarded`: the server listens on loopback only and rejects forwarded requests. */
  | { readonly kind: 'open'; readonly guarded: boolean }
  | { readonly kind: 'secret'; readonly secret: string; readonly rules: TokenRules }
  | { readonly kind: 'jwks'; readonly url: string; readonly rules: TokenRules };

/** @throws StartupError that lists every problem */
export function authConfigOf(values: Values): AuthConfig {
  const { AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url } = values;
  const problems =
    secret === null && url === null ? problemsWithoutTokens(values) : problemsWithTokens(values, algorithmsOf(values));
  if (problems.length > 0) throw invalidConfiguration(problems);
  const rules: TokenRules = {
    algorithms: algorithmsOf(values),
    issuer: values.AUTH_ISSUER,
    audience: values.AUTH_AUDIENCE,
    clockSkewSeconds: values.AUTH_CLOCK_SKEW_SECONDS,
  };
  if (secret !== null) return { kind: 'secret', secret, rules };
  return url === null ? { kind: 'open', guarded: values.AUTH_MODE === 'auto' } : { kind: 'jwks', url, rules };
}

function algorithmsOf({ AUTH_ALGORITHMS: given, AUTH_JWKS_URL: url }: Values): readonly string[] {
  return given ?? (url === null ? ['HS256'] : KEY_PAIR_ALGORITHMS);
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** An open server is meant for local development. Anywhere else it must be enabled explicitly. */
function problemsWithoutTokens(values: Values): string[] {
  const remedy = 'Set AUTH_JWT_SECRET or AUTH_JWKS_URL, or AUTH_MODE=open to serve every client as admin.';
  const unused = (['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_ALGORITHMS'] as const).filter((name) => values[name] !== null);
  return [
    ...unused.map((name) => `${name} requires AUTH_JWT_SECRET or AUTH_JWKS_URL`),
    ...(values.AUTH_MODE === 'auto' && !LOOPBACK.has(values.HOST)
      ? [`Without authentication, the server listens on loopback addresses only; HOST is ${values.HOST}. ${remedy}`]
      : []),
    ...(values.AUTH_MODE === 'auto' && values.NODE_ENV === 'production'
      ? [`Without authentication, the server does not start with NODE_ENV=production. ${remedy}`]
      : []),
  ];
}

function problemsWithTokens(values: Values, algorithms: readonly string[]): string[] {
  const { AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url } = values;
  const known = url === null ? [...SECRET_ALGORITHMS.keys()] : KEY_PAIR_ALGORITHMS;
  const unknown = algorithms.filter((algorithm) => !known.includes(algorithm));
  const leastBytes = Math.max(...algorithms.map((algorithm) => SECRET_ALGORITHMS.get(algorithm) ?? 32));
  const required = (['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const).filter((name) => url !== null && values[name] === null);
  return [
    ...(secret !== null && url !== null ? ['AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other'] : []),
    ...(values.AUTH_MODE === 'open' ? ['AUTH_MODE=open excludes AUTH_JWT_SECRET and AUTH_JWKS_URL'] : []),
    ...(secret !== null && Buffer.byteLength(secret) < leastBytes
      ? [`AUTH_JWT_SECRET must have at least ${leastBytes} bytes; it has ${Buffer.byteLength(secret)}`]
      : []),
    ...required.map((name) => `${name} is required with AUTH_JWKS_URL`),
    ...(unknown.length > 0
      ? [`AUTH_ALGORITHMS must be some of ${known.join(', ')}; "${unknown.join(', ')}" is not`]
      : []),
  ];
}
