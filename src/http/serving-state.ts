/**
 * - `serving`: all requests are served.
 * - `draining`: the same, but `/ready` responds 503, so that load balancers stop sending requests.
 * - `closing`: no connection is accepted, and each response closes its connection.
 */
export type ServingState = 'serving' | 'draining' | 'closing';
