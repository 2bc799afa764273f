import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp, type App } from './app.js';
import { loadEnvFile, readConfig } from './config.js';
import { createLog } from './observability/log.js';
import { logStream } from './observability/log-stream.js';
import { maskSecrets } from './observability/logged-error.js';
import { npmEnded } from './parent-process.js';
import { StartupError } from './startup-error.js';

/** How long a start may go on after a signal before it is cut off. */
const START_PATIENCE_MS = 5_000;
/** How much longer than the drain and the grace of its requests a shutdown may take. */
const CLOSE_PATIENCE_MS = 30_000;
/** A terminal sends Ctrl-C to npm and to the server, and npm passes it on: within this time it is one request. */
const REPEATED_SIGNAL_MS = 1_000;

/** Runs the server until a signal or a loss ends it. @returns the exit status */
export async function runServer(): Promise<number> {
  try {
    return await main();
  } catch (cause) {
    const text =
      cause instanceof StartupError ? cause.message : maskSecrets(String(cause instanceof Error ? cause.stack : cause));
    process.stderr.write(`${text}\n`);
    return 1;
  }
}

async function main(): Promise<number> {
  loadEnvFile();
  const config = readConfig();
  const log = createLog({ level: config.logLevel, destination: logStream(config.logFormat) });
  exitOnUnexpectedFailure(log);
  log.warn('No authentication is configured: every client is admin.');

  const stop = stopRequest();
  const app = await createApp(config, log, cutOffAfter(stop));
  process.stdout.write(`ready ${app.url}\nplayground ${new URL('/', app.url).href}\n`);

  const end = await Promise.race([stop, app.lost.then((lost) => ({ lost }))]);
  if (typeof end === 'string') log.info({ reason: end }, 'shutdown started');
  else log.fatal(end.lost);
  exitOnRepeatedSignal();
  const patienceMs = config.shutdownDrainMs + config.shutdownGraceMs + CLOSE_PATIENCE_MS;
  const clean = await Promise.race([closed(app, log), sleep(patienceMs, false)]);
  return clean && typeof end === 'string' ? 0 : 1;
}

/** Node.js would print all fields of the error, which may hold connections and statements. */
function exitOnUnexpectedFailure(log: Logger): void {
  process.once('uncaughtException', (cause) => {
    log.fatal({ err: cause }, 'unexpected failure; the server stops');
    process.exit(1);
  });
}

/** Rejects when a start takes too long after a request to stop. */
async function cutOffAfter(stop: Promise<string>): Promise<never> {
  await stop;
  await sleep(START_PATIENCE_MS);
  throw new StartupError('Stopped while starting.');
}

/** The first reason to stop. A closed terminal is one, or PostgreSQL would stay behind. */
async function stopRequest(): Promise<string> {
  ignoreLostTerminal();
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, resolve);
    void npmEnded().then(() => resolve('npm ended'));
  });
}

/** The output may be gone when the server has to stop; writing to it must not end the shutdown. */
function ignoreLostTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A second Ctrl-C ends the process at once; PostgreSQL stays behind and the next start takes it over. */
function exitOnRepeatedSignal(): void {
  const from = performance.now() + REPEATED_SIGNAL_MS;
  process.on('SIGINT', () => {
    if (performance.now() >= from) process.exit(1);
  });
}

/** @returns whether everything could be closed */
async function closed(app: App, log: Logger): Promise<boolean> {
  try {
    await app.close();
    return true;
  } catch (cause) {
    log.error({ err: cause }, 'shutdown failed');
    return false;
  }
}
