import { Arg, Ctx, Extensions, ID, Info, Int, Query, Resolver } from 'type-graphql';
import type { GraphQLResolveInfo } from 'graphql';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { encodeLogCursor } from '../../domain/log-cursor.js';
import type { OrderEventType } from '../../domain/order-event.js';
import { pageEvents } from '../../orders/event-page.js';
import { PAGE_SIZE } from '../../orders/page.js';
import type { Context } from '../context.js';
import { eventFilter } from '../event-arguments.js';
import { costs, EVENT_PAGE_COST, RESOLVER_COST } from '../field-cost.js';
import { turnFor } from '../turns.js';
import { toConnection } from '../types/connection.js';
import { OrderEventTypeEnum, OrderStatusEnum } from '../types/enums.js';
import { OrderEventConnection } from '../types/event.js';
import { viewEvent } from '../views.js';

@Resolver()
export class EventQueries {
  @Extensions(costs({ own: EVENT_PAGE_COST }))
  @Query(() => OrderEventConnection, {
    description:
      'Returns a page of the events in the event log that you may see, oldest first. They are the events that subscriptions send, for clients that poll. The cursor of an event is its `resumeCursor`. With a filter, one request scans a limited part of the log, so a page can have fewer events than `first`, or none, while `hasNextPage` is true. Pass `pageInfo.endCursor` as `after` even if the page is empty; it is null only at the beginning of the log. `hasPreviousPage` is true if `after` is given. An event that was committed a moment ago can be missing; it appears on a later page.',
  })
  async orderEvents(
    @Arg('first', () => Int, {
      nullable: true,
      description: `Return at most this many events, 0 to ${PAGE_SIZE.most}. Default: ${PAGE_SIZE.default}.`,
    })
    first: number | null | undefined,
    @Arg('after', () => String, {
      nullable: true,
      description: 'Return only events after this cursor of the event log. Default: from the beginning of the log.',
    })
    after: string | null | undefined,
    @Arg('orderId', () => ID, { nullable: true, description: 'Only events of this order. Default: all orders.' })
    orderId: string | null | undefined,
    @Arg('customerId', () => String, {
      nullable: true,
      description: 'Only events of orders of this customer. Default: all customers.',
    })
    customerId: string | null | undefined,
    @Arg('types', () => [OrderEventTypeEnum], {
      nullable: true,
      description: 'Only events of these types. Default: all types.',
    })
    types: OrderEventType[] | null | undefined,
    @Arg('to', () => [OrderStatusEnum], {
      nullable: true,
      description:
        'Only creations and status changes that lead to one of these statuses. Default: all events, whatever the status.',
    })
    to: OrderStatus[] | null | undefined,
    @Ctx() { reader, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const filter = eventFilter({ orderId, customerId, types, to });
    const { endCursor, edges, ...page } = await pageEvents(reader, { first, after, filter }, caller);
    await turnFor(edges.length, info);
    const viewed = edges.map(({ cursor, node }) => ({ cursor, node: viewEvent(node) }));
    const connection = toConnection({ ...page, edges: viewed });
    return { ...connection, pageInfo: { ...connection.pageInfo, endCursor } };
  }

  @Extensions(costs({ own: RESOLVER_COST.object }))
  @Query(() => String, {
    nullable: true,
    description:
      'Returns the cursor of the last event of the event log, or null if the log is empty. Pass it as `after` to a subscription or to `orderEvents` to start after the events that have a position now. A client that reads it before it subscribes misses no later event, even if its connection is lost before its first event.',
  })
  async eventLogEnd(@Ctx() { reader }: Context): Promise<string | null> {
    const { end } = await reader.startPoint(1);
    return end === null ? null : encodeLogCursor(end);
  }
}
