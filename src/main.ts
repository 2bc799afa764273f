import { pino } from 'pino';
import { createApp, type App } from './app.js';
import { loadEnvFile, readConfig } from './config.js';
import { StartupError } from './startup-error.js';

/** Exit status of a server that could not start for a reason the operator can mend. */
const CANNOT_START = 1;

async function main(): Promise<void> {
  loadEnvFile();
  const config = readConfig();
  const log = pino({ level: config.logLevel, base: { service: 'ordergraph' } }, pino.destination(2));
  if (config.open !== null) log.warn('No authentication is configured: everybody who can reach this server is admin.');

  let app: App | null = null;
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'shutting down');
    starting.then(
      () => app?.close().then(exitWith(0), exitWith(1)),
      () => undefined, // the failed start exits by itself
    );
  };
  const exitWith = (code: number) => (failure: unknown) => {
    if (failure !== undefined) log.error({ err: failure }, 'the shutdown was not clean');
    process.exit(code);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const starting = createApp(config, log).then((started) => {
    app = started;
    if (!stopping) process.stdout.write(`ready ${started.url}\n`);
  });
  await starting;
}

main().catch((cause: unknown) => {
  const text = cause instanceof StartupError ? cause.message : String(cause instanceof Error ? cause.stack : cause);
  process.stderr.write(`${text}\n`);
  process.exit(CANNOT_START);
});
