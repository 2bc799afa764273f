import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';
import type { Database } from './database.js';

const CHANNEL = 'ordergraph_log';
const RECONNECT_MS = 500;
/** The listening connection is otherwise idle: half-open, it would stay so for hours. */
const PROBE_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Notifies the other processes of new entries in the event log. Runs as a separate statement, not inside a write.
 *
 * @param sender the name of this process, by which it recognizes its own notifications
 */
export async function announce({ prisma }: Database, sender: string): Promise<void> {
  await prisma.$executeRawUnsafe('SELECT pg_notify($1, $2)', CHANNEL, sender);
}

export interface Listener {
  close(): Promise<void>;
}

/** Ends the connection if it does not respond. */
async function probe(connection: Client): Promise<void> {
  try {
    await connection.query(`LISTEN ${CHANNEL}`); // again: it has no effect
  } catch (cause) {
    const { stream } = (connection as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.destroy(new Error('Connection terminated: it did not respond', { cause }));
  }
}

/**
 * Listens for notifications of other processes on a separate connection. Without it events arrive later, because the
 * tailer polls.
 *
 * @param url a direct connection, not one through a transaction pooler
 * @param self the name of this process: it has read the log before its own notification arrives
 */
export function listen(url: string, self: string, onGrown: () => void, log: Logger): Listener {
  const stop = new AbortController();
  const failures = createFailureLog(log);
  let client: Client | null = null;

  async function follow(): Promise<void> {
    const connection = new Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: 2_000,
      query_timeout: PROBE_TIMEOUT_MS,
      application_name: 'ordergraph-listen',
    });
    client = connection;
    const lost = new Promise<Error | null>((resolve) => {
      connection.on('error', resolve);
      connection.once('end', () => resolve(null));
    });
    connection.on('notification', ({ payload }) => {
      if (payload !== self) onGrown();
    });
    try {
      await connection.connect();
      await connection.query(`LISTEN ${CHANNEL}`);
      failures.worked('LISTEN connection restored');
      onGrown(); // notifications may have been missed
      const probes = setInterval(() => void probe(connection), PROBE_MS);
      const error = await lost.finally(() => clearInterval(probes));
      if (!stop.signal.aborted) failures.failed(error, 'LISTEN connection lost; polling until it is restored');
    } finally {
      await connection.end().catch(() => undefined); // it has failed already
    }
  }

  async function keepFollowing(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await follow();
      } catch (cause) {
        if (!stop.signal.aborted) failures.failed(cause, 'LISTEN connection failed; polling until it is restored');
      }
      await sleep(RECONNECT_MS, undefined, { signal: stop.signal }).catch(() => undefined); // closing ends the pause
    }
  }

  const following = keepFollowing();
  return {
    async close() {
      stop.abort();
      await client?.end();
      await following;
    },
  };
}
