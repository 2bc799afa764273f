import type { Logger } from 'pino';
import type { Config } from '../config.js';

/** What every part of the server is created with. */
export interface Setup {
  readonly config: Config;
  readonly log: Logger;
  /** Closes what was opened, in reverse order. */
  readonly resources: AsyncDisposableStack;
}
