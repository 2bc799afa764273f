import { Kind, type GraphQLResolveInfo } from 'graphql';
import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { LoggedEvent } from '../../domain/order-event.js';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';
import { ownerFilter } from '../../domain/viewer.js';
import { assertNoNull } from '../null-arguments.js';
import { lookupArgument, LOOKUP_LIMITS, orderIdArgument } from '../arguments.js';
import { assertReadable } from '../assert-readable.js';
import type { Context } from '../context.js';
import { costOf } from '../cost.js';
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
      'Sends an event for each created order (`from` is null) and each status change, starting when you subscribe. Events of the same order arrive in version order. If the client reads too slowly, the subscription ends with the error SLOW_CONSUMER; `extensions.lastCursor` is the `resumeCursor` of the last event sent, or null. Subscribe again, then read `Order.history` for the events that you missed. Do the same after a reconnect.',
    subscribe: ({ args, context, info }) => watch(args as WatchArguments, context as Context, info),
  })
  orderStatusChanged(
    @Root() event: LoggedEvent,
    @Arg('orderId', () => ID, { nullable: true, description: 'Only events of this order. Default: all orders.' })
    _orderId: string | null,
    @Arg('customerId', () => String, {
      nullable: true,
      description: 'Only events of orders of this customer. Default: all customers.',
    })
    _customerId: string | null,
    @Arg('to', () => [OrderStatusEnum], {
      nullable: true,
      description: 'Only events that change the status to one of these. Default: all statuses.',
    })
    _to: OrderStatus[] | null,
  ): OrderEventObject {
    return viewEvent(event);
  }
}

function watch(
  args: WatchArguments,
  { services, caller: { viewer } }: Context,
  info: GraphQLResolveInfo,
): AsyncIterableIterator<LoggedEvent> {
  assertReadable(args);
  assertNoNull(args, '');
  const { orderId, customerId, to } = args;
  if (typeof customerId === 'string') lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
  const owner = ownerFilter(viewer);
  const foreign = owner !== null && typeof customerId === 'string' && customerId !== owner;
  const statuses = to ?? ORDER_STATUSES;
  const filter = {
    orderId: typeof orderId === 'string' ? orderIdArgument('orderId', orderId) : null,
    customerId: owner ?? customerId ?? null,
    to: foreign ? [] : statuses,
  };
  return services.hub.subscribe(filter, costOfEvent(info));
}

/** The number of values that the response to one event may have. */
function costOfEvent({ schema, operation, fragments, variableValues }: GraphQLResolveInfo): number {
  const definitions = [operation, ...Object.values(fragments)];
  return costOf(schema, { kind: Kind.DOCUMENT, definitions }, { variables: variableValues, operationName: null })
    .requested;
}
