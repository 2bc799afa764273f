import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp, type App } from './app.js';
import { loadEnvFile, readConfig, type Config } from './config.js';
import { createLog } from './observability/log.js';
import { logStream } from './observability/log-stream.js';
import { maskSecrets } from './observability/logged-error.js';
import { npmEnded } from './parent-process.js';
import { StartupError } from './startup-error.js';

/** Maximum time that a start continues after a stop signal. */
const START_TIMEOUT_MS = 5_000;
/** Maximum duration of a shutdown, besides the delay and the grace time. */
const CLOSE_TIMEOUT_MS = 5_000;
/** The embedded PostgreSQL writes its memory to disk before it ends. */
const EMBEDDED_CLOSE_TIMEOUT_MS = 30_000;
/** A terminal sends Ctrl-C to npm and to the server, and npm forwards it. Signals within this time count as one. */
const REPEATED_SIGNAL_MS = 1_000;

/** Runs the server until a signal stops it or its database is lost. @returns the exit status */
export async function runServer(): Promise<number> {
  try {
    return await main();
  } catch (cause) {
    reportFailedStart(cause);
    return 1;
  }
}

export function reportFailedStart(cause: unknown): void {
  const text =
    cause instanceof StartupError ? cause.message : maskSecrets(String(cause instanceof Error ? cause.stack : cause));
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  loadEnvFile();
  const config = readConfig();
  const log = createLog({ level: config.logLevel, destination: logStream(config.logFormat) });
  exitOnUnexpectedFailure(log);
  if (config.auth.kind === 'open') log.warn('No authentication is configured: every client is admin.');

  const stop = stopRequest();
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  const create = config.workers === 1 ? createApp : (await import('./workers/supervisor.js')).createSupervisor;
  const app = await create(config, log, { stopping: stopping.signal, cutOff: cutOffAfter(stop) });
  process.stdout.write(`ready ${app.url}\n`);
  if (config.playground) process.stdout.write(`playground ${new URL('/', app.url).href}\n`);

  const end = await Promise.race([stop, app.lost.then((lost) => ({ lost }))]);
  if (typeof end === 'string') log.info({ reason: end }, 'shutdown started');
  else log.fatal(end.lost);
  exitOnRepeatedSignal();
  const clean = await closeApp(app, config, log);
  return clean && typeof end === 'string' ? 0 : 1;
}

/** @returns whether the app closed in time and without an error */
export function closeApp(app: App, config: Config, log: Logger): Promise<boolean> {
  return Promise.race([closed(app, log), timedOut(config, log)]);
}

/** Node.js would print all fields of the error, which may contain connections and statements. */
export function exitOnUnexpectedFailure(log: Logger): void {
  process.once('uncaughtException', (cause) => {
    log.fatal({ err: cause }, 'unexpected failure; the server stops');
    process.exit(1);
  });
}

/** Rejects if the start continues for too long after a stop request. */
async function cutOffAfter(stop: Promise<string>): Promise<never> {
  await stop;
  await sleep(START_TIMEOUT_MS);
  throw new StartupError('Stopped while starting.');
}

/** The first reason to stop. It includes a closed terminal, which would otherwise leave PostgreSQL running. */
async function stopRequest(): Promise<string> {
  ignoreLostTerminal();
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, resolve);
    void npmEnded().then(() => resolve('npm ended'));
  });
}

/** The terminal may be closed when the server stops. Writing to it must not abort the shutdown. */
function ignoreLostTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A second signal exits at once. An embedded PostgreSQL keeps running, and the next start takes it over. */
function exitOnRepeatedSignal(): void {
  const from = performance.now() + REPEATED_SIGNAL_MS;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (performance.now() >= from) process.exit(1);
    });
  }
}

async function timedOut({ database, shutdownDelayMs, shutdownGraceMs }: Config, log: Logger): Promise<false> {
  const closeMs = database.source.kind === 'embedded' ? EMBEDDED_CLOSE_TIMEOUT_MS : CLOSE_TIMEOUT_MS;
  await sleep(shutdownDelayMs + shutdownGraceMs + closeMs, undefined, { ref: false });
  log.error('shutdown took too long; the process exits without closing everything');
  return false;
}

/** @returns whether the app closed without an error */
async function closed(app: App, log: Logger): Promise<boolean> {
  try {
    await app.close();
    return true;
  } catch (cause) {
    log.error({ err: cause }, 'shutdown failed');
    return false;
  }
}
