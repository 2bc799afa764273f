import { Writable } from 'node:stream';
import { pino } from 'pino';
import { createApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { createClient, type TestClient } from './client.js';

export interface TestServer extends TestClient {
  readonly app: App;
  /** What the server logged, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  readonly close: () => Promise<void>;
}

/** The whole server in this process, over HTTP on a free port, on the given database. */
export async function startServer(databaseUrl: string, env: Record<string, string> = {}): Promise<TestServer> {
  const logged: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const config = readConfig({ PORT: '0', DATABASE_URL: databaseUrl, EVENTS_POLL_MS: '200', ...env });
  const app = await createApp(config, pino({ level: 'warn' }, sink));
  const client = createClient(app.url);
  return {
    ...client,
    app,
    logged,
    close: async () => {
      await client.dispose();
      await app.close();
    },
  };
}
