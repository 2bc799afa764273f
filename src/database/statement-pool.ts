import { Pool, type PoolClient, type PoolConfig } from 'pg';

/** Time without an acquired or released connection after which an exhausted pool rejects at once. */
const STALL_MS = 800;
/** Pause of new connections after PostgreSQL had none free: each attempt starts a process there. */
const FULL_PAUSE_MS = 100;
/** The SQLSTATE for too many connections. */
const TOO_MANY_CONNECTIONS = '53300';

type ConnectCallback = Parameters<Pool['connect']>[0];

/** A pool that rejects callers early if statements do not end, or if PostgreSQL has no free connection. */
export class StatementPool extends Pool {
  #progressAt = performance.now();
  #fullUntil = 0;

  constructor(config: PoolConfig) {
    super(config);
    const onProgress = () => {
      this.#progressAt = performance.now();
    };
    this.on('acquire', onProgress); // a pool that was idle until now is not stuck
    this.on('release', onProgress);
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (callback !== undefined) return this.#connect(callback);
    return new Promise((resolve, reject) => {
      this.#connect((error, client) => {
        if (client === undefined) reject(error ?? unavailable());
        else resolve(client);
      });
    });
  }

  #connect(callback: ConnectCallback): void {
    if (this.#isUnavailable()) return callback(unavailable(), undefined, () => undefined);
    super.connect((error, client, release) => {
      if ((error as { readonly code?: unknown } | undefined)?.code === TOO_MANY_CONNECTIONS)
        this.#fullUntil = performance.now() + FULL_PAUSE_MS;
      callback(error, client, release);
    });
  }

  #isUnavailable(): boolean {
    if (this.idleCount > 0) return false;
    const now = performance.now();
    return now < this.#fullUntil || (this.totalCount >= this.options.max && now > this.#progressAt + STALL_MS);
  }
}

function unavailable(): Error {
  const message = 'All connections are in use, and none has been released for a while';
  return Object.assign(new Error(message), { code: TOO_MANY_CONNECTIONS });
}
