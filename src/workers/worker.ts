// The program of a worker: a server on the port and the database of its supervisor.
import { createApp } from '../app.js';
import { readConfig } from '../config.js';
import { createLog } from '../observability/log.js';
import { logStream } from '../observability/log-stream.js';
import { createMetrics } from '../observability/metrics.js';
import { closeApp, exitOnUnexpectedFailure, reportFailedStart } from '../server-process.js';
import { openSupervisorChannel } from './supervisor-channel.js';

try {
  process.exit(await runWorker());
} catch (cause) {
  reportFailedStart(cause);
  process.exit(1);
}

/** Serves until the supervisor or SIGTERM stops it. Ctrl-C reaches all processes of a terminal: the supervisor handles it. */
async function runWorker(): Promise<number> {
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);
  const stopped = Promise.withResolvers<void>();
  let isServing = false;
  const onStop = () => (isServing ? stopped.resolve() : process.exit(0));
  process.once('SIGTERM', onStop);
  const supervisor = openSupervisorChannel({ onStop, registry: () => metrics.registry });
  const metrics = createMetrics((own) => supervisor.readAllMetrics(own));

  const config = readConfig();
  const log = createLog({ level: config.logLevel, destination: logStream(config.logFormat) });
  exitOnUnexpectedFailure(log);
  const app = await createApp(config, log, undefined, metrics);
  isServing = true;
  supervisor.announce(app.url);

  await stopped.promise;
  log.info('worker stops');
  return (await closeApp(app, config, log)) ? 0 : 1;
}
