import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import type { Order } from '../../domain/order.js';
import type { OrderReader } from '../../orders/interfaces/order-reader.js';
import { findByNumber, findByReference, findCustomer, findOrder } from '../../orders/find-order.js';
import { listOrders } from '../../orders/order-list.js';
import { lookupArgument, LOOKUP_LIMITS, orderIdArgument, PageArgs } from '../arguments.js';
import type { Context } from '../context.js';
import { CustomerType } from '../types/customer.js';
import { OrderSort, OrderWhere } from '../types/where.js';
import { OrderConnection, OrderType } from '../types/order.js';
import { viewCustomer } from '../views.js';
import { toOrderFilter } from '../order-filter.js';
import { selectedPaths } from '../selected-fields.js';
import { NEWEST_FIRST, toOrderConnection } from './order-connection.js';

/** Reads the items beside the order, not after it. Their field reports a failure; without a visible order they are unused. */
function startReadingItems(reader: OrderReader, orderId: string): void {
  Promise.resolve(reader.items(orderId)).catch(() => undefined);
}

@Resolver()
export class OrderQueries {
  @Query(() => OrderType, {
    nullable: true,
    description: 'Returns an order by its id; null if it does not exist or you may not see it.',
  })
  async order(
    @Arg('id', () => ID, { description: 'Id of the order, a UUID.' }) id: string,
    @Ctx() { reader, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order | null> {
    const orderId = orderIdArgument('id', id);
    const found = findOrder(reader, orderId, caller);
    if (selectedPaths(info).has('items')) startReadingItems(reader, orderId);
    return found;
  }

  @Query(() => OrderType, {
    nullable: true,
    description: 'Returns an order by its number; null if it does not exist or you may not see it.',
  })
  async orderByNumber(
    @Arg('number', () => String, { description: 'Number of the order, such as `1001`.' }) number: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<Order | null> {
    return findByNumber(reader, lookupArgument('number', number, LOOKUP_LIMITS.number), caller);
  }

  @Query(() => OrderType, {
    nullable: true,
    description: 'Returns an order by its external reference; null if it does not exist or you may not see it.',
  })
  async orderByExternalReference(
    @Arg('customerId', () => String, { description: 'Id of the customer; an empty string for a guest order.' })
    customerId: string,
    @Arg('externalReference', () => String, { description: 'External reference, case-sensitive.' })
    externalReference: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<Order | null> {
    const customer = lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
    const reference = lookupArgument('externalReference', externalReference, LOOKUP_LIMITS.externalReference);
    return findByReference(reader, { customerId: customer, reference }, caller);
  }

  @Query(() => OrderConnection, {
    description:
      'Returns a page of the orders that you may see. Orders created while you are paging cause no duplicates or gaps. To watch for new orders, subscribe to `orderStatusChanged`: polling by `createdAt` can miss orders, because an order becomes visible slightly after its `createdAt`.',
  })
  async orders(
    @Args(() => PageArgs) page: PageArgs,
    @Arg('where', () => OrderWhere, { nullable: true, description: 'Filter on the orders. Default: all orders.' })
    where: OrderWhere | null | undefined,
    @Arg('orderBy', () => OrderSort, {
      nullable: true,
      description: 'Sort order. Default: newest first. A cursor is valid only with the sort order it was created with.',
    })
    ordering: OrderSort | null,
    @Ctx() { reader, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const request = { page, filter: toOrderFilter(where), ordering: ordering ?? NEWEST_FIRST };
    return toOrderConnection(listOrders(reader, request, caller), reader, info);
  }

  @Query(() => CustomerType, {
    nullable: true,
    description: 'Returns a customer; null if the customer has no orders that you may see.',
  })
  async customer(
    @Arg('customerId', () => String, { description: 'Id of the customer, as specified when the orders were created.' })
    customerId: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<CustomerType | null> {
    const id = lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
    const customer = await findCustomer(reader, id, caller);
    return customer === null ? null : viewCustomer(customer);
  }
}
