import type { z } from 'zod';
import { ACCESS_VARIABLES } from './environment/access.js';
import { BATCH_VARIABLES } from './environment/batches.js';
import { DATABASE_VARIABLES } from './environment/database.js';
import { EVENT_VARIABLES } from './environment/events.js';
import { OBSERVABILITY_VARIABLES } from './environment/observability.js';
import { REQUEST_VARIABLES } from './environment/requests.js';
import { SERVICE_VARIABLES } from './environment/services.js';
import { TRACE_VARIABLES } from './environment/traces.js';
import { choice, text, whole, workers, type Variable } from './variable-kinds.js';

/** Every variable that the server reads, with its default and bounds. */
export const VARIABLES = {
  HOST: text('127.0.0.1', 'Address that the server listens on.'),
  PORT: whole(4000, 0, 65_535, 'Port for HTTP and WebSockets. 0 selects a free port.'),
  WORKERS: workers(
    'Number of server processes that share the port; `auto` is the number of available cores. The limits of connections, batches, queues and caches apply to each process, see docs/operations.md.',
  ),
  NODE_ENV: choice(
    'development',
    ['development', 'production', 'test'],
    'With `production`, the server starts without authentication only if `AUTH_MODE=open`, and introspection and the playground are off by default.',
  ),
  LOG_LEVEL: choice(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Minimum level of the log lines on stderr.',
  ),
  LOG_FORMAT: choice(
    'auto',
    ['auto', 'json', 'pretty'],
    '`json` writes one JSON object per line, `pretty` writes readable text. `auto` is `pretty` on a terminal and `json` elsewhere.',
  ),
  ...OBSERVABILITY_VARIABLES,
  ...ACCESS_VARIABLES,
  ...DATABASE_VARIABLES,
  ...REQUEST_VARIABLES,
  ...BATCH_VARIABLES,
  ...EVENT_VARIABLES,
  ...SERVICE_VARIABLES,
  ...TRACE_VARIABLES,
  SHUTDOWN_DELAY_MS: whole(
    0,
    0,
    600_000,
    'Time that the server keeps serving after a stop signal, in milliseconds. Meanwhile `/ready` responds 503.',
  ),
  SHUTDOWN_GRACE_MS: whole(
    10_000,
    0,
    600_000,
    'Maximum time that a shutdown waits for running requests and fulfilment jobs after `SHUTDOWN_DELAY_MS`, in milliseconds.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;

export type Values = { readonly [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]['schema']> };
