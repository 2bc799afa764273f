import { choice, url, whole, type Variable } from '../variable-kinds.js';

/** The product service and fulfilment. */
export const SERVICE_VARIABLES = {
  PRODUCT_SERVICE_URL: url(
    /^https?:\/\/[^?#]*$/,
    'http:// or https:// URL',
    'Service that provides names and prices of products; see docs/catalogue.md. Without it, items carry their own.',
  ),
  PRODUCT_SERVICE_TIMEOUT_MS: whole(
    1_000,
    10,
    60_000,
    'Maximum duration of one attempt to call the product service, in milliseconds.',
  ),
  PRODUCT_SERVICE_RETRIES: whole(2, 0, 10, 'Maximum number of retries after a failed attempt.'),
  PRODUCT_SERVICE_BREAKER_FAILURES: whole(
    5,
    1,
    1_000,
    'Number of consecutive failed attempts after which the circuit breaker opens.',
  ),
  PRODUCT_SERVICE_BREAKER_REST_MS: whole(
    5_000,
    10,
    600_000,
    'Time that the circuit breaker stays open before one attempt is allowed, in milliseconds.',
  ),
  PRODUCT_SERVICE_BATCH: choice(
    'auto',
    ['auto', 'off'],
    '`auto` requests several products at once if the service supports it. `off` requests each product separately.',
  ),
  PRODUCT_CACHE_SECONDS: whole(60, 0, 86_400, 'Time that a product stays cached, in seconds.'),
  PRODUCT_CACHE_MAX: whole(10_000, 1, 10_000_000, 'Maximum number of cached products.'),
  FULFILMENT: choice(
    'off',
    ['off', 'simulated'],
    '`simulated` advances new orders as a warehouse would: to PROCESSING at once and to COMPLETED later; see docs/fulfilment.md.',
  ),
  FULFILMENT_COMPLETE_AFTER_MS: whole(
    5_000,
    0,
    86_400_000,
    'Time from PROCESSING to COMPLETED with `FULFILMENT=simulated`, in milliseconds.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
