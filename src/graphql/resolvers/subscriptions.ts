import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { LoggedEvent, OrderEventType } from '../../domain/order-event.js';
import { assertReadable } from '../assert-readable.js';
import type { Context } from '../context.js';
import { eventFilter, type EventArguments } from '../event-arguments.js';
import { EVENT_PAGE_COST } from '../field-cost.js';
import { OrderEventTypeEnum, OrderStatusEnum } from '../types/enums.js';
import { OrderEventObject } from '../types/event.js';
import { viewEvent } from '../views.js';

interface WatchArguments extends EventArguments {
  readonly after?: string | null;
  readonly snapshot?: boolean | null;
}

/** What holds for both subscriptions. */
const STREAM = `Events of the same order arrive in version order, each exactly once. Without \`after\`, the subscription starts after every change that was committed when the server set it up: it sends all later changes and no earlier one. The response to a \`ping\` that was sent after the subscription shows that it is set up. With \`after\`, it first sends the events after the cursor, then continues with later ones without a gap. After an interruption, subscribe again with the \`resumeCursor\` of the last event received.

If the client reads too slowly, the subscription ends with the error SLOW_CONSUMER; \`extensions.lastCursor\` is the cursor to resume from. CURSOR_EXPIRED means that the log cannot be read from the cursor: read the orders again, or subscribe with \`snapshot\`.`;

const ORDER_ID = 'Only events of this order. Default: all orders.';
const CUSTOMER_ID = 'Only events of orders of this customer. Default: all customers.';
const AFTER =
  'Cursor of the event log: `OrderEvent.resumeCursor`, `eventLogEnd`, or a cursor of `orderEvents`. Default: the end of the log when the subscription is set up.';
const SNAPSHOT =
  'Whether the latest event of each selected order is sent first, then only later events. Requires `orderId` or `customerId`, unless you are a customer; at most 1,000 orders. Deleted orders are left out. Cannot be combined with `after`.';

@Resolver()
export class OrderSubscriptions {
  @Subscription(() => OrderEventObject, {
    description: `Sends an event for each created order (\`from\` is null) and each status change. ${STREAM}`,
    subscribe: ({ args, context }) =>
      watch({ types: ['CREATED', 'STATUS_CHANGED'], ...(args as WatchArguments) }, context as Context),
  })
  orderStatusChanged(
    @Root() event: LoggedEvent,
    @Arg('orderId', () => ID, { nullable: true, description: ORDER_ID }) _orderId: string | null,
    @Arg('customerId', () => String, { nullable: true, description: CUSTOMER_ID }) _customerId: string | null,
    @Arg('to', () => [OrderStatusEnum], {
      nullable: true,
      description: 'Only events that change the status to one of these. Default: all statuses.',
    })
    _to: OrderStatus[] | null,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after: string | null,
    @Arg('snapshot', () => Boolean, { nullable: true, description: SNAPSHOT }) _snapshot: boolean | null,
  ): OrderEventObject {
    return viewEvent(event);
  }

  @Subscription(() => OrderEventObject, {
    description: `Sends every event: creations, status changes, updates and deletions. ${STREAM}`,
    subscribe: ({ args, context }) => watch(args as WatchArguments, context as Context),
  })
  orderChanged(
    @Root() event: LoggedEvent,
    @Arg('orderId', () => ID, { nullable: true, description: ORDER_ID }) _orderId: string | null,
    @Arg('customerId', () => String, { nullable: true, description: CUSTOMER_ID }) _customerId: string | null,
    @Arg('types', () => [OrderEventTypeEnum], {
      nullable: true,
      description: 'Only events of these types. Default: all types.',
    })
    _types: OrderEventType[] | null,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after: string | null,
    @Arg('snapshot', () => Boolean, { nullable: true, description: SNAPSHOT }) _snapshot: boolean | null,
  ): OrderEventObject {
    return viewEvent(event);
  }
}

async function watch(
  args: WatchArguments,
  { services, caller, eventCharge }: Context,
): Promise<AsyncIterableIterator<LoggedEvent>> {
  assertReadable(args);
  if (eventCharge === null) throw new Error('A subscription has no price: only websockets carry subscriptions.');
  const { after = null, snapshot } = args;
  const price = { ...eventCharge, page: EVENT_PAGE_COST };
  return services.subscribe({ filter: eventFilter(args), after, snapshot: snapshot === true, price }, caller);
}
