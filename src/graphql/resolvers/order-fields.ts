import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, Extensions, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { transitionsOf, type OrderStatus } from '../../domain/lifecycle.js';
import type { Order, OrderItem } from '../../domain/order.js';
import { findCustomer } from '../../orders/find-order.js';
import { pageHistory } from '../../orders/order-history.js';
import { PageArgs } from '../arguments.js';
import type { Context } from '../context.js';
import { costs, RESOLVER_COST } from '../field-cost.js';
import { turnFor, turnForCall } from '../turns.js';
import { toConnection } from '../types/connection.js';
import { CustomerType } from '../types/customer.js';
import { OrderEventConnection } from '../types/event.js';
import { toMoney, type MoneyType } from '../types/money.js';
import { OrderType, type OrderItemType } from '../types/order.js';
import type { AddressType } from '../types/address.js';
import { viewAddress, viewCustomer, viewEvent, viewItem } from '../views.js';

@Resolver(() => OrderType)
export class OrderFields {
  @FieldResolver()
  allowedTransitions(@Root() order: Order, @Ctx() { caller }: Context): readonly OrderStatus[] {
    return transitionsOf(caller.viewer, order.status);
  }

  @FieldResolver()
  total(@Root() order: Order): MoneyType {
    return toMoney(order.total, order.currency);
  }

  @FieldResolver()
  subtotal(@Root() order: Order): MoneyType {
    return toMoney(order.subtotal, order.currency);
  }

  @FieldResolver()
  shipping(@Root() order: Order): MoneyType {
    return toMoney(order.shipping, order.currency);
  }

  @FieldResolver()
  discount(@Root() order: Order): MoneyType {
    return toMoney(order.discount, order.currency);
  }

  @FieldResolver()
  tax(@Root() order: Order): MoneyType {
    return toMoney(order.tax, order.currency);
  }

  @FieldResolver()
  shippingAddress(@Root() order: Order): AddressType | null {
    return viewAddress(order.shippingAddress);
  }

  @FieldResolver()
  billingAddress(@Root() order: Order): AddressType | null {
    return viewAddress(order.billingAddress);
  }

  @FieldResolver()
  items(
    @Root() order: Order,
    @Ctx() { reader }: Context,
    @Info() info: GraphQLResolveInfo,
  ): OrderItemType[] | Promise<OrderItemType[]> {
    const items = reader.items(order.id);
    return items instanceof Promise ? viewInTurn(items, order, info) : viewItems(items, order);
  }

  @Extensions(costs({ own: RESOLVER_COST.object }))
  @FieldResolver(() => CustomerType, { nullable: true, description: 'Customer of the order; null for a guest order.' })
  async customer(@Root() order: Order, @Ctx() { reader, caller }: Context): Promise<CustomerType | null> {
    if (order.customerId === null) return null;
    await turnForCall();
    const customer = await findCustomer(reader, order.customerId, caller);
    return customer === null ? null : viewCustomer(customer);
  }

  @Extensions(costs({ own: RESOLVER_COST.page }))
  @FieldResolver(() => OrderEventConnection, {
    nullable: true,
    description:
      'Events of the order, oldest first. Null only if they cannot be read; `errors` then contains the reason.',
  })
  async history(
    @Root() order: Order,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { reader }: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    await turnForCall();
    const { edges, ...ends } = await pageHistory(reader, order, page);
    await turnFor(edges.length, info);
    return toConnection({ ...ends, edges: edges.map(({ cursor, node }) => ({ cursor, node: viewEvent(node) })) });
  }
}

function viewItems(items: readonly OrderItem[], { currency }: Order): OrderItemType[] {
  return items.map((item) => viewItem(item, currency));
}

async function viewInTurn(
  items: Promise<readonly OrderItem[]>,
  order: Order,
  info: GraphQLResolveInfo,
): Promise<OrderItemType[]> {
  const found = await items;
  await turnFor(found.length, info);
  return viewItems(found, order);
}
