import type { WatchOptions } from './watch-options.js';

/** An event as it is printed. */
export interface WatchedEvent {
  readonly resumeCursor: string;
}

/** What every role may read. */
const FIELDS = 'id type orderId version from to changedFields occurredAt actor { kind } resumeCursor';

export interface EventRequest {
  /** A subscription with the field `event`. It takes `after` and `snapshot`. */
  readonly subscription: string;
  /** A query of a page of `orderEvents`. It takes `after`. */
  readonly page: string;
  /** The filter, for both. */
  readonly variables: Readonly<Record<string, unknown>>;
}

export function eventRequestOf({ orderId, customerId, to, types }: WatchOptions): EventRequest {
  const [field, name, type] =
    to === null ? ['orderChanged', 'types', 'OrderEventType'] : ['orderStatusChanged', 'to', 'OrderStatus'];
  const declared = `$orderId: ID, $customerId: String, $${name}: [${type}!]`;
  const filter = `orderId: $orderId, customerId: $customerId, ${name}: $${name}`;
  return {
    subscription: `subscription Watch(${declared}, $after: String, $snapshot: Boolean! = false) {
  event: ${field}(${filter}, after: $after, snapshot: $snapshot) { ${FIELDS} }
}`,
    page: `query Page(${declared}, $after: String) {
  orderEvents(first: 100, ${filter}, after: $after) { nodes { ${FIELDS} } pageInfo { endCursor hasNextPage } }
}`,
    variables: { orderId, customerId, [name]: to ?? types ?? undefined },
  };
}

export function subjectOf({ orderId, customerId }: WatchOptions): string {
  const named = [
    ...(orderId === undefined ? [] : [`order ${orderId}`]),
    ...(customerId === undefined ? [] : [`customer ${customerId}`]),
  ];
  return named.length === 0 ? 'all orders' : named.join(' of ');
}
