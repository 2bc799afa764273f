import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { PartStates } from '../observability/part-monitor.js';
import type { Metrics } from '../observability/metrics.js';
import type { Tracer } from '../observability/span.js';

/** What every process of the server is created with. */
export interface ProcessSetup {
  readonly config: Config;
  readonly log: Logger;
  /** Aborts when the start must end. */
  readonly stopping: AbortSignal;
  /** Closes what was opened, in reverse order. */
  readonly resources: AsyncDisposableStack;
}

/** What every part of the server is created with. */
export interface Setup extends ProcessSetup {
  readonly metrics: Metrics;
  /** The states of the optional parts, which `/ready` shows. */
  readonly parts: PartStates;
}

/** The setup of the parts that start spans of their own. */
export interface TracedSetup extends Setup {
  /** Null without traces. */
  readonly tracer: Tracer | null;
}
