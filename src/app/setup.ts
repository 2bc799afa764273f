import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { PartStates } from '../observability/part-monitor.js';

/** What every part of the server is created with. */
export interface Setup {
  readonly config: Config;
  readonly log: Logger;
  /** Aborts when the start must end. */
  readonly stopping: AbortSignal;
  /** The states of the optional parts, which `/ready` shows. */
  readonly parts: PartStates;
  /** Closes what was opened, in reverse order. */
  readonly resources: AsyncDisposableStack;
}
