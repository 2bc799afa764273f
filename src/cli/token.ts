import { SignJWT } from 'jose';
import { loadEnvFile, readConfig } from '../config.js';
import { ROLES } from '../domain/viewer.js';
import { StartupError } from '../startup-error.js';
import { durationOf, invalidArguments, parseOptions, type CommandHelp } from './command.js';

export const TOKEN_HELP = {
  name: 'token',
  about: 'Prints a token for development, signed with AUTH_JWT_SECRET.',
  options: {
    role: { type: 'string', value: 'ROLE', about: `Required: one of ${ROLES.join(', ')}.` },
    subject: { type: 'string', value: 'ID', default: 'developer', about: 'The customerId of a customer.' },
    'expires-in': { type: 'string', value: 'TIME', default: '1h', about: 'Such as 90s, 15m, 8h or 7d.' },
  },
  examples: ['token --role staff', 'token --role customer --subject ada --expires-in 8h'],
} as const satisfies CommandHelp;

const MAX_DAYS = 365;

/** Signs a token with AUTH_JWT_SECRET, for development. */
export async function signDevelopmentToken(words: readonly string[]): Promise<string> {
  const { role, subject, 'expires-in': duration } = parseOptions(TOKEN_HELP, words).values;
  if (role === undefined || !ROLES.some((known) => known === role)) {
    throw invalidArguments(TOKEN_HELP, `--role must be one of ${ROLES.join(', ')}.`);
  }
  const seconds = secondsOf(duration);
  loadEnvFile();
  const { auth } = readConfig();
  if (auth.kind !== 'secret') {
    throw new StartupError(
      'AUTH_JWT_SECRET is not set. Tokens for development are signed with it. Set it in the environment or in .env, for the server too.',
    );
  }
  const { issuer, audience, algorithms } = auth.rules;
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    sub: subject,
    roles: [role],
    iat: now,
    exp: now + seconds,
    ...(issuer === null ? {} : { iss: issuer }),
    ...(audience === null ? {} : { aud: audience }),
  };
  const [alg = 'HS256'] = algorithms;
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(new TextEncoder().encode(auth.secret));
}

function secondsOf(text: string): number {
  const seconds = (durationOf(text) ?? 0) / 1_000;
  if (seconds >= 1 && seconds <= MAX_DAYS * 86_400) return Math.floor(seconds);
  throw invalidArguments(
    TOKEN_HELP,
    `--expires-in must be a number of seconds, minutes, hours or days, such as 90s, 15m, 8h or 7d, of at most ${MAX_DAYS} days.`,
  );
}
