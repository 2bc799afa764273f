import { Writable } from 'node:stream';
import { createApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { createLog } from '../../src/observability/log.js';
import { createClient, type TestClient } from './client.js';

export interface TestServer extends TestClient {
  readonly app: App;
  /** What the server logged, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  /** The same as the lines that were written. */
  readonly logLines: readonly string[];
  readonly close: () => Promise<void>;
}

/** The whole server in this process, over HTTP on a free port, on the given database. */
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
  const config = readConfig({ PORT: '0', DATABASE_URL: databaseUrl, EVENTS_POLL_MS: '200', ...env });
  const app = await createApp(config, createLog({ level: 'warn', destination: sink }));
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
