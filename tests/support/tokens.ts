import { SignJWT } from 'jose';

export const SECRET = 'a secret of the tests, 32 bytes or longer';

/** The environment of a server that accepts the tokens of `signToken`. */
export const AUTH_ENV = { AUTH_JWT_SECRET: SECRET };

export interface TokenClaims {
  /** Null leaves the claim out. */
  readonly sub?: string | null;
  readonly roles?: unknown;
  readonly iss?: string;
  readonly aud?: string;
  /** Seconds from now, negative for an expired token. Null leaves `exp` out. */
  readonly expiresIn?: number | null;
  /** Seconds from now. */
  readonly notBefore?: number;
}

/** The claims of a token as `jose` signs them. */
export function claimsOf({ sub = 'ann', roles = ['customer'], iss, aud, expiresIn = 3_600, ...rest }: TokenClaims) {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({
    ...(sub === null ? {} : { sub }),
    ...(roles === undefined ? {} : { roles }),
    ...(iss === undefined ? {} : { iss }),
    ...(aud === undefined ? {} : { aud }),
    ...(expiresIn === null ? {} : { exp: now + expiresIn }),
    ...(rest.notBefore === undefined ? {} : { nbf: now + rest.notBefore }),
  });
}

/** Signs a token with the secret of `AUTH_ENV`, by default of the customer ann, valid for one hour. */
export async function signToken(claims: TokenClaims = {}, secret = SECRET): Promise<string> {
  return claimsOf(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}
