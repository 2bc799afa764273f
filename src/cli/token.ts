import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import { loadEnvFile, readConfig } from '../config.js';
import { ROLES } from '../domain/viewer.js';
import { StartupError } from '../startup-error.js';

export const TOKEN_USAGE = '--role ROLE [--subject ID] [--expires-in 1h]';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const MAX_DAYS = 365;

/** Signs a token with AUTH_JWT_SECRET, for development. */
export async function signDevelopmentToken(words: readonly string[]): Promise<string> {
  const { role, subject, 'expires-in': duration } = optionsOf(words);
  if (role === undefined || !ROLES.some((known) => known === role)) {
    throw new StartupError(`--role must be one of ${ROLES.join(', ')}.\n${USAGE}`);
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

const USAGE = `Usage: npm run cli -- token ${TOKEN_USAGE}`;

function optionsOf(words: readonly string[]) {
  try {
    const options = {
      role: { type: 'string' },
      subject: { type: 'string', default: 'developer' },
      'expires-in': { type: 'string', default: '1h' },
    } as const;
    return parseArgs({ args: [...words], options }).values;
  } catch (cause) {
    throw new StartupError(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function secondsOf(duration: string): number {
  const [, count, unit = ''] = /^(\d{1,8})([smhd])$/.exec(duration) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= MAX_DAYS * 86_400) return seconds;
  throw new StartupError(
    `--expires-in must be a number of seconds, minutes, hours or days, such as 90s, 15m, 8h or 7d, of at most ${MAX_DAYS} days.`,
  );
}
