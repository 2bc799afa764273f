import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import type { Order } from '../../domain/order.js';
import { findByNumber, findByReference, findCustomer, findOrder } from '../../orders/find-order.js';
import { listOrders } from '../../orders/order-list.js';
import { lookupArgument, LOOKUP_LIMITS, orderIdArgument, PageArgs } from '../arguments.js';
import type { Context } from '../context.js';
import { CustomerType } from '../types/customer.js';
import { OrderSort, OrderWhere } from '../types/where.js';
import { OrderConnection, OrderType } from '../types/order.js';
import { viewCustomer } from '../views.js';
import { toOrderFilter } from '../order-filter.js';
import { NEWEST_FIRST, toOrderConnection } from './order-connection.js';

@Resolver()
export class OrderQueries {
  @Query(() => OrderType, {
    nullable: true,
    description: 'An order by its id; null where there is none that you may see.',
  })
  async order(
    @Arg('id', () => ID, { description: 'The UUID of the order.' }) id: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<Order | null> {
    return findOrder(reader, orderIdArgument('id', id), caller);
  }

  @Query(() => OrderType, {
    nullable: true,
    description: 'An order by its number for people; null where there is none that you may see.',
  })
  async orderByNumber(
    @Arg('number', () => String, { description: 'The number, in digits.' }) number: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<Order | null> {
    return findByNumber(reader, lookupArgument('number', number, LOOKUP_LIMITS.number), caller);
  }

  @Query(() => OrderType, {
    nullable: true,
    description: 'An order by the name that its client gave it; null where there is none that you may see.',
  })
  async orderByExternalReference(
    @Arg('customerId', () => String, { description: "Whose order it is; an empty text for a guest's." })
    customerId: string,
    @Arg('externalReference', () => String, { description: 'The name, letter by letter.' }) externalReference: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<Order | null> {
    const customer = lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
    const reference = lookupArgument('externalReference', externalReference, LOOKUP_LIMITS.externalReference);
    return findByReference(reader, { customerId: customer, reference }, caller);
  }

  @Query(() => OrderConnection, {
    description:
      'The orders you may see, newest first unless told otherwise. Orders that come in while you page neither repeat nor hide those that were there. To follow new ones, subscribe: an order is seen when it is committed, a moment after its createdAt.',
  })
  async orders(
    @Args(() => PageArgs) page: PageArgs,
    @Arg('where', () => OrderWhere, { nullable: true, description: 'Which orders; all where left out.' })
    where: OrderWhere | null | undefined,
    @Arg('orderBy', () => OrderSort, {
      nullable: true,
      description: 'How to sort; newest first where left out. A cursor is good only under the sorting it came from.',
    })
    ordering: OrderSort | null,
    @Ctx() { reader, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const request = { page, filter: toOrderFilter(where), ordering: ordering ?? NEWEST_FIRST };
    return toOrderConnection(listOrders(reader, request, caller), info);
  }

  @Query(() => CustomerType, {
    nullable: true,
    description: 'A customer by the id of the shop; null for one without orders that you may see.',
  })
  async customer(
    @Arg('customerId', () => String, { description: 'The id of the shop for this customer.' }) customerId: string,
    @Ctx() { reader, caller }: Context,
  ): Promise<CustomerType | null> {
    const id = lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
    const customer = await findCustomer(reader, id, caller);
    return customer === null ? null : viewCustomer(customer);
  }
}
