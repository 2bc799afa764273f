import { pino, type Logger } from 'pino';
import { createApp, type App } from './app.js';
import { loadEnvFile, readConfig } from './config.js';
import { StartupError } from './startup-error.js';

async function main(): Promise<void> {
  loadEnvFile();
  const config = readConfig();
  const log = pino({ level: config.logLevel, base: { service: 'ordergraph' } }, pino.destination(2));
  log.warn('No authentication is configured: everybody who can reach this server is admin.');

  const signal = nextSignal();
  const app = await createApp(config, log); // a signal meanwhile waits for the end of the start
  process.stdout.write(`ready ${app.url}\n`);
  log.info({ signal: await signal }, 'shutting down');
  process.exit(await closed(app, log));
}

async function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGINT', resolve); // further ones change nothing: the shutdown is bounded in time
    process.on('SIGTERM', resolve);
  });
}

/** @returns the exit status */
async function closed(app: App, log: Logger): Promise<number> {
  try {
    await app.close();
    return 0;
  } catch (cause) {
    log.error({ err: cause }, 'the shutdown was not clean');
    return 1;
  }
}

try {
  await main();
} catch (cause) {
  const text = cause instanceof StartupError ? cause.message : String(cause instanceof Error ? cause.stack : cause);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
