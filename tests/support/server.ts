import { Writable } from 'node:stream';
import { createApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { createLog } from '../../src/observability/log.js';
import { createClient, type TestClient } from './client.js';
import { FAST_DATABASE, PATIENT_QUEUES } from './database-url.js';

export interface TestServer extends TestClient {
  readonly app: App;
  /** The parsed log lines of the server. */
  readonly logged: readonly Record<string, unknown>[];
  /** The log lines as text. */
  readonly logLines: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts a complete server in this process on a free port and the given database. */
export async function startServer(databaseUrl: string, env: Record<string, string> = {}): Promise<TestServer> {
  const logged: Record<string, unknown>[] = [];
  const logLines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logLines.push(String(chunk));
      logged.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const fastLane = process.env['GRAPHQL_FAST_LANE'] ?? 'on'; // the stage of the servers runs tests in both modes
  const settings = { PORT: '0', DATABASE_URL: databaseUrl, EVENTS_POLL_MS: '200', GRAPHQL_FAST_LANE: fastLane };
  const config = readConfig({ ...settings, ...FAST_DATABASE, ...PATIENT_QUEUES, ...env });
  const level = env['LOG_LEVEL'] === 'info' ? 'info' : 'warn';
  const app = await createApp(config, createLog({ level, destination: sink }));
  const client = createClient(app.url);
  return {
    ...client,
    app,
    logged,
    logLines,
    close: async () => {
      await client.dispose();
      await app.close();
    },
  };
}
