import { choice, secretText, type Variable } from '../variable-kinds.js';

/** Request lines and metrics. */
export const OBSERVABILITY_VARIABLES = {
  LOG_REQUESTS: choice(
    'on',
    ['on', 'off'],
    'Whether each request and each ended subscription is logged, at the level `info`.',
  ),
  METRICS_TOKEN: secretText(
    16,
    'Bearer token that allows reading `/metrics` from any address. Without it, only clients on the same machine may read them.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
