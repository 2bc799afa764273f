// The program of a worker: a server on the port and the database of its supervisor.
import { createApp } from '../app.js';
import { readConfig } from '../config.js';
import { createLog } from '../observability/log.js';
import { logStream } from '../observability/log-stream.js';
import { closeApp, exitOnUnexpectedFailure, reportFailedStart } from '../server-process.js';
import { isMessage, type StopWorker, type WorkerReady } from './messages.js';

try {
  process.exit(await runWorker());
} catch (cause) {
  reportFailedStart(cause);
  process.exit(1);
}

/** Serves until the supervisor or SIGTERM stops it. Ctrl-C reaches all processes of a terminal: the supervisor handles it. */
async function runWorker(): Promise<number> {
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);
  let isServing = false;
  const stop = new Promise<string>((resolve) => {
    const onStop = (reason: string) => (isServing ? resolve(reason) : process.exit(0));
    process.once('SIGTERM', () => onStop('SIGTERM'));
    process.on('message', (message) => isMessage<StopWorker>(message, 'stop') && onStop('the supervisor stops'));
  });
  const config = readConfig();
  const log = createLog({ level: config.logLevel, destination: logStream(config.logFormat) });
  exitOnUnexpectedFailure(log);
  const app = await createApp(config, log);
  isServing = true;
  const ready: WorkerReady = { kind: 'ready', url: app.url };
  process.send?.(ready);

  const reason = await stop;
  log.info({ reason }, 'worker stops');
  return (await closeApp(app, config, log)) ? 0 : 1;
}
