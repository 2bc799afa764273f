import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { maskSecrets } from '../observability/logged-error.js';
import { StartupError } from '../startup-error.js';
import { withClient } from './client.js';
import { classify } from './database-errors.js';
import { cannotUse, reasonOf } from './startup-checks.js';

export interface DatabaseWait {
  /** Maximum time to wait, in milliseconds. */
  readonly waitMs: number;
  /** Aborts when the start must end. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;
const LOG_INTERVAL_MS = 10_000;

/**
 * Waits until the database accepts a connection: it may start at the same time as this process. Failures that waiting
 * cannot resolve, such as a wrong password or a missing database, are not retried.
 *
 * @throws StartupError
 */
export async function waitForDatabase(url: string, { waitMs, stopping, log }: DatabaseWait): Promise<void> {
  const began = performance.now();
  const waited = () => Math.round(performance.now() - began);
  let loggedAt = Number.NEGATIVE_INFINITY;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const failure = await tryConnection(url);
    if (stopping.aborted) throw new StartupError('Stopped while waiting for the database.');
    if (failure === null) break;
    if (!isTemporary(failure)) throw cannotUse(url, failure);
    if (waited() + pauseMs > waitMs) throw waitMs === 0 ? cannotUse(url, failure) : waitedInVain(url, waitMs, failure);
    if (performance.now() - loggedAt >= LOG_INTERVAL_MS) {
      loggedAt = performance.now();
      log.warn(
        { database: new URL(url).host, reason: maskSecrets(reasonOf(failure)), waitedMs: waited(), waitMs },
        'waiting for the database; the server starts when it accepts connections',
      );
    }
    await sleep(pauseMs, undefined, { signal: stopping }).catch(() => undefined); // rejects if the signal aborts
  }
  if (loggedAt !== Number.NEGATIVE_INFINITY) log.info({ waitedMs: waited() }, 'the database accepts connections');
}

/** @returns why the database accepts no connection, or null */
async function tryConnection(url: string): Promise<unknown> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'));
    return null;
  } catch (cause) {
    return cause;
  }
}

/** Whether the server is absent, starts, or has no free connection. */
function isTemporary(failure: unknown): boolean {
  const { kind } = classify(failure);
  return kind === 'connection' || kind === 'unavailable';
}

function waitedInVain(url: string, waitMs: number, cause: unknown): StartupError {
  const reason = `${reasonOf(cause)} (waited ${waitMs} ms; DATABASE_WAIT_MS)`;
  return cannotUse(url, new Error(reason, { cause }));
}
