import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp, type App } from './app.js';
import { loadEnvFile, readConfig } from './config.js';
import { createLog } from './log.js';
import { maskSecrets } from './logged-error.js';
import { StartupError } from './startup-error.js';

/** How long a start may go on after a signal before it is cut off. */
const START_PATIENCE_MS = 5_000;
/** How much longer than the grace of its requests a shutdown may take. */
const CLOSE_PATIENCE_MS = 30_000;

async function main(): Promise<number> {
  loadEnvFile();
  const config = readConfig();
  const log = createLog({ level: config.logLevel });
  process.once('uncaughtException', (cause) => {
    log.fatal({ err: cause }, 'the server ends after an unexpected failure'); // Node would print all fields of the error
    process.exit(1);
  });
  log.warn('No authentication is configured: everybody who can reach this server is admin.');

  const signal = nextSignal();
  const starting = createApp(config, log);
  const app = await Promise.race([
    starting,
    signal.then(async () => Promise.race([starting, sleep(START_PATIENCE_MS, null)])),
  ]);
  if (app === null) throw new StartupError('Stopped while starting.');
  process.stdout.write(`ready ${app.url}\n`);

  const end = await Promise.race([signal, app.lost.then((reason) => ({ reason }))]);
  if (typeof end === 'string') log.info({ signal: end }, 'shutting down');
  else log.fatal(end.reason);
  process.once('SIGINT', () => process.exit(1)); // asked twice: at once
  const clean = await Promise.race([closed(app, log), sleep(config.shutdownGraceMs + CLOSE_PATIENCE_MS, false)]);
  return clean && typeof end === 'string' ? 0 : 1;
}

/** The first signal to stop. The terminal that is closed is one, or PostgreSQL would be left behind. */
async function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, resolve);
  });
}

/** @returns whether everything could be closed */
async function closed(app: App, log: Logger): Promise<boolean> {
  try {
    await app.close();
    return true;
  } catch (cause) {
    log.error({ err: cause }, 'the shutdown was not clean');
    return false;
  }
}

try {
  process.exit(await main());
} catch (cause) {
  const text =
    cause instanceof StartupError ? cause.message : maskSecrets(String(cause instanceof Error ? cause.stack : cause));
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
