import { Pool, type PoolClient } from 'pg';

/** Time without a released connection after which an exhausted pool rejects at once. */
const STALL_MS = 800;

type ConnectCallback = Parameters<Pool['connect']>[0];

/** A pool that does not let callers wait in vain when statements that do not end hold all of its connections. */
export class StatementPool extends Pool {
  #releasedAt = performance.now();

  constructor(config: ConstructorParameters<typeof Pool>[0]) {
    super(config);
    this.on('release', () => {
      this.#releasedAt = performance.now();
    });
    this.on('acquire', () => {
      if (!this.#isExhausted()) this.#releasedAt = performance.now();
    });
  }

  #isExhausted(): boolean {
    return this.totalCount >= this.options.max && this.idleCount === 0;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    const isStalled = this.#isExhausted() && performance.now() > this.#releasedAt + STALL_MS;
    if (!isStalled) return callback === undefined ? super.connect() : super.connect(callback);
    if (callback === undefined) return Promise.reject(exhausted());
    callback(exhausted(), undefined, () => undefined);
  }
}

/** The SQLSTATE is that of PostgreSQL for the same condition. */
function exhausted(): Error {
  return Object.assign(new Error('All connections of the pool are in use, and none has been released for a while'), {
    code: '53300',
  });
}
