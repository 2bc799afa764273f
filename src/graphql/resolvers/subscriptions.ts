import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { LoggedEvent } from '../../domain/events.js';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';
import { ownerFilter } from '../../domain/viewer.js';
import { assertNoNull } from '../../orders/null-arguments.js';
import { assertStorable, orderIdArgument } from '../arguments.js';
import type { Context } from '../context.js';
import { OrderStatusEnum } from '../types/enums.js';
import { OrderEventObject } from '../types/event.js';
import { viewEvent } from '../views.js';

interface WatchArguments {
  readonly orderId?: string | null;
  readonly customerId?: string | null;
  readonly to?: readonly OrderStatus[] | null;
}

@Resolver()
export class OrderSubscriptions {
  @Subscription(() => OrderEventObject, {
    description:
      "Tells of each order that is taken (`from` is null) and of each change of status, as it happens. One order's events come in the order of its versions. A reader that falls too far behind gets SLOW_CONSUMER with the cursor of the last event it was given.",
    subscribe: ({ args, context }) => watch(args as WatchArguments, context as Context),
  })
  orderStatusChanged(
    @Root() event: LoggedEvent,
    @Arg('orderId', () => ID, { nullable: true, description: 'Only this order.' }) _orderId: string | null,
    @Arg('customerId', () => String, { nullable: true, description: 'Only orders of this customer.' })
    _customerId: string | null,
    @Arg('to', () => [OrderStatusEnum], {
      nullable: true,
      description: 'Only events that lead to one of these statuses.',
    })
    _to: OrderStatus[] | null,
  ): OrderEventObject {
    return viewEvent(event);
  }
}

function watch(args: WatchArguments, { services, viewer }: Context): AsyncIterableIterator<LoggedEvent> {
  assertStorable(args, '');
  assertNoNull(args, '');
  const { orderId, customerId, to } = args;
  const owner = ownerFilter(viewer);
  const foreign = owner !== null && typeof customerId === 'string' && customerId !== owner;
  const statuses = to ?? ORDER_STATUSES;
  return services.feed.subscribe({
    orderId: typeof orderId === 'string' ? orderIdArgument('orderId', orderId) : null,
    customerId: owner ?? customerId ?? null,
    to: foreign ? [] : statuses,
  });
}
