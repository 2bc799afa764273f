import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { ORDER_LIMITS } from '../domain/limits.js';
import { ROLES, type Role, type Viewer } from '../domain/viewer.js';
import type { Identity } from './authenticate.js';
import { unauthenticated } from './bearer-token.js';
import type { TokenRules } from './token-rules.js';

/**
 * Verifies the signature and the claims of a token.
 *
 * @throws RequestError UNAUTHENTICATED, or the error of `keyOf`
 */
export async function verifyToken(token: string, keyOf: JWTVerifyGetKey, rules: TokenRules): Promise<Identity> {
  const { algorithms, issuer, audience, clockSkewSeconds } = rules;
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keyOf, {
      algorithms: [...algorithms],
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience }),
      clockTolerance: clockSkewSeconds,
      requiredClaims: ['exp', 'sub'],
    }));
  } catch (cause) {
    const problem = problemOf(cause);
    throw problem === null ? cause : unauthenticated(problem, cause);
  }
  return { viewer: viewerOf(payload), expiresAt: (payload.exp ?? 0) * 1_000 };
}

/** The error codes of jose that describe the token. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_JWS_INVALID: 'The token is not a valid JWT.',
  ERR_JWT_INVALID: 'The token is not a valid JWT.',
  ERR_JOSE_NOT_SUPPORTED: 'The token needs an extension that this server does not support.',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The algorithm of the token is not accepted.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is not valid.',
  ERR_JWKS_NO_MATCHING_KEY: 'The key of the token is unknown.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The token must name its key in kid.',
  ERR_JWT_EXPIRED: 'The token has expired.',
};

/** What is wrong with a token, or null for an error that does not describe the token. */
function problemOf(cause: unknown): string | null {
  if (cause instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = cause;
    if (reason === 'missing') return `The token has no ${claim}.`;
    if (claim === 'nbf' && reason === 'check_failed') return 'The token is not valid yet.';
    if (claim === 'iss') return 'The issuer of the token is not accepted.';
    if (claim === 'aud') return 'The audience of the token is not accepted.';
    return `The token has an invalid ${claim}.`;
  }
  return cause instanceof errors.JOSEError ? (PROBLEMS[cause.code] ?? null) : null;
}

/** The subject is the customerId of a customer's orders, so it must be a valid one. */
function viewerOf({ iss = '', sub, roles }: JWTPayload): Viewer {
  if (!isText(iss)) throw unauthenticated('The token has an invalid iss.');
  if (!isText(sub) || sub === '' || sub.trim() !== sub || sub.length > ORDER_LIMITS.customerId) {
    throw unauthenticated(
      `The token has an invalid sub; it must have 1 to ${ORDER_LIMITS.customerId} characters and no whitespace around it.`,
    );
  }
  return { issuer: iss, subject: sub, roles: rolesOf(roles) };
}

/** Whether the value is a text that PostgreSQL stores as it is. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

/** Unknown roles give no rights. */
function rolesOf(claim: unknown): Role[] {
  const given: unknown[] = Array.isArray(claim) ? claim : [claim];
  return ROLES.filter((role) => given.includes(role));
}
