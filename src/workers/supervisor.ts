import { createServer, type AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { openApp, type App, type StartLimits } from '../app.js';
import { providePostgres } from '../app/database.js';
import type { ProcessSetup } from '../app/setup.js';
import type { Config } from '../config.js';
import { createWorkerGroup } from './worker-group.js';

/**
 * Creates a server of several processes. This one owns the database: it starts the embedded PostgreSQL and applies the
 * migrations once. The workers serve.
 */
export function createSupervisor(config: Config, log: Logger, limits?: StartLimits): Promise<App> {
  return openApp({ config, log, limits }, start);
}

async function start(setup: ProcessSetup, onLost: (reason: string) => void): Promise<string> {
  const { config, log, resources } = setup;
  const postgres = await providePostgres(setup, onLost);
  const env = {
    DATABASE_URL: postgres.url,
    DATABASE_DIRECT_URL: postgres.directUrl,
    DATABASE_MIGRATE: 'never',
    PORT: String(config.port === 0 ? await freePort(config.host) : config.port),
  };
  const workers = createWorkerGroup({ count: config.workers, env, onLost, log });
  resources.defer(() => workers.close());
  const url = await workers.start();
  await postgres.announce?.(url);
  return url;
}

/** With port 0, workers would get another port after all of them have ended. */
async function freePort(host: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, host, resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
