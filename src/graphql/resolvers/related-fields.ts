import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Extensions, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Order } from '../../domain/order.js';
import { findOrder } from '../../orders/find-order.js';
import { listOrders } from '../../orders/order-list.js';
import { PageArgs } from '../arguments.js';
import type { Context } from '../context.js';
import { CustomerType } from '../types/customer.js';
import { OrderEventObject } from '../types/event.js';
import { OrderSort, OrderWhere } from '../types/where.js';
import { OrderConnection, OrderType } from '../types/order.js';
import { costs, RESOLVER_COST } from '../field-cost.js';
import { toOrderFilter } from '../order-filter.js';
import { turnForCall } from '../turns.js';
import { NEWEST_FIRST, toOrderConnection } from './order-connection.js';

@Resolver(() => OrderEventObject)
export class OrderEventFields {
  @Extensions(costs({ own: RESOLVER_COST.object }))
  @FieldResolver(() => OrderType, { nullable: true, description: 'The current order; null if it has been deleted.' })
  async order(@Root() event: OrderEventObject, @Ctx() { reader, caller }: Context): Promise<Order | null> {
    await turnForCall();
    return findOrder(reader, event.orderId, caller);
  }
}

@Resolver(() => CustomerType)
export class CustomerFields {
  @Extensions(costs({ own: RESOLVER_COST.page }))
  @FieldResolver(() => OrderConnection, { description: 'Orders of the customer that you may see.' })
  async orders(
    @Root() customer: CustomerType,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('where', () => OrderWhere, {
      nullable: true,
      description: 'Filter on the orders. Default: all orders of the customer.',
    })
    where: OrderWhere | null | undefined,
    @Arg('orderBy', () => OrderSort, {
      nullable: true,
      description: 'Sort order. Default: newest first. A cursor is valid only with the sort order it was created with.',
    })
    ordering: OrderSort | null,
    @Ctx() { reader, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    await turnForCall();
    const { customerId: ofCustomer } = customer;
    const request = { page, filter: toOrderFilter(where), ordering: ordering ?? NEWEST_FIRST, ofCustomer };
    return toOrderConnection(listOrders(reader, request, caller), reader, info);
  }
}
