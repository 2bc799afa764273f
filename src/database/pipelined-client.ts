import type { Socket } from 'node:net';
import { Client, type ClientConfig, type QueryArrayConfig, type QueryArrayResult } from 'pg';

/**
 * A connection that sends BEGIN together with the first statement of the transaction, which saves a round trip for each
 * transaction. Prisma waits for each statement, so nothing else is pipelined.
 */
export class PipelinedClient extends Client {
  #begins = false;

  constructor(config?: ClientConfig) {
    super({ ...config, pipeline: true });
  }

  /** Prisma's adapter only calls this form of `query`. The pool adds a callback, for statements outside of transactions. */
  override query = ((...args: [QueryArrayConfig]) => {
    if (args[0].text === 'BEGIN') {
      this.#begins = true;
      return Promise.resolve(NOTHING);
    }
    if (!this.#begins) return super.query(...args);
    this.#begins = false;
    return this.#beginWith(args);
  }) as Client['query'];

  /** A statement after a failed BEGIN would be its own transaction, so its result is not used. */
  async #beginWith(args: [QueryArrayConfig]): Promise<QueryArrayResult> {
    const { stream } = (this as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.cork(); // both in one packet
    const begun = super.query('BEGIN');
    const result = super.query(...args);
    process.nextTick(() => stream.uncork());
    const [, statement] = await Promise.all([begun, result]);
    return statement;
  }
}

const NOTHING = { command: 'BEGIN', rowCount: null, oid: 0, fields: [], rows: [] };
