/** What a token must satisfy besides its signature. */
export interface TokenRules {
  /** Accepted values of `alg`. */
  readonly algorithms: readonly string[];
  /** Required value of `iss`; null accepts every issuer. */
  readonly issuer: string | null;
  /** Required value in `aud`; null accepts every audience. */
  readonly audience: string | null;
  /** Tolerance when `exp` and `nbf` are compared with the clock. */
  readonly clockSkewSeconds: number;
}

/** Algorithms of a shared secret, with the minimum length of the secret in bytes (RFC 7518, 3.2). */
export const SECRET_ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
]);

/** Algorithms of a key pair, as the keys of a JWKS have. */
export const KEY_PAIR_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
