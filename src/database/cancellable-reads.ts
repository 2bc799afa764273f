import type { Socket } from 'node:net';
import { Client, type Pool, type PoolClient } from 'pg';
import type { ReadQueryable } from './database.js';
import { statementOf } from './pool-reads.js';

/** What ends a statement before its own end. */
export interface StatementBounds {
  /** Aborts when the result is no longer needed. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Runs statements outside of transactions that end with their callers, or after a time of their own. PostgreSQL reports a
 * cancelled statement with SQLSTATE 57014.
 *
 * @param nameOf the name under which a statement is prepared; empty for none
 * @param url of the database
 */
export function cancellableReads(
  pool: Pool,
  nameOf: (statement: { readonly sql: string }) => string,
  url: string,
): (bounds: StatementBounds) => ReadQueryable {
  return ({ signal, timeoutMs }) => ({
    $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) => {
      const client = await pool.connect();
      let isCancelled = false;
      const cancel = () => {
        isCancelled = true;
        void cancelStatement(url, client);
      };
      const timer = setTimeout(cancel, timeoutMs);
      try {
        signal.throwIfAborted();
        signal.addEventListener('abort', cancel);
        const { rows } = await client.query(statementOf(sql, values, nameOf));
        return rows as Rows;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
        client.release(isCancelled); // closed, because the request may arrive late and cancel another statement
      }
    },
  });
}

/** Members of a `pg` client and of its connection that their types lack. */
interface Wire {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: unknown;
  readonly connection: WireConnection;
}

interface WireConnection {
  readonly ssl: unknown;
  readonly stream: Socket;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: unknown): void;
  on(event: 'connect' | 'sslconnect' | 'end' | 'error', listener: () => void): void;
}

const MAX_CANCEL_MS = 5_000;

/**
 * Requests the cancellation of the statement that a client runs, over a connection of its own, as the protocol requires. A
 * pooler forwards the request. If it cannot be sent, the statement ends at the statement time-out of its session.
 */
async function cancelStatement(url: string, client: PoolClient): Promise<void> {
  const { host, port, processID, secretKey } = client as unknown as Wire;
  const { connection } = new Client({ connectionString: url }) as unknown as Wire; // `Client.cancel` does not support TLS
  const cancel = () => connection.cancel(processID, secretKey);
  await new Promise<void>((resolve) => {
    connection.on('connect', () => (connection.ssl === false ? cancel() : connection.requestSsl()));
    connection.on('sslconnect', cancel);
    connection.on('end', resolve);
    connection.on('error', resolve);
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
    connection.stream.setTimeout(MAX_CANCEL_MS, () => connection.stream.destroy());
  });
}
