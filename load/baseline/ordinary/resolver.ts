import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type DataLoader from 'dataloader';
import type { PrismaClient } from './generated/client.js';
import { badInput, CreateOrderInput, Order, OrderConnection, OrderItem, OrderStatus } from './types.js';

export interface Context {
  readonly prisma: PrismaClient;
  readonly itemsOfOrder: DataLoader<string, OrderItem[]>;
}

const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED'],
  CONFIRMED: ['PROCESSING', 'SHIPPED', 'CANCELLED'],
  PROCESSING: ['SHIPPED', 'COMPLETED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: ['COMPLETED'],
  COMPLETED: [],
  CANCELLED: [],
};

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, { nullable: true })
  async order(@Arg('id', () => ID) id: string, @Ctx() { prisma }: Context) {
    return prisma.order.findUnique({ where: { id } });
  }

  @Query(() => OrderConnection)
  async orders(
    @Arg('first', () => Int, { defaultValue: 20 }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | null,
    @Ctx() { prisma }: Context,
  ) {
    const found = await prisma.order.findMany({
      take: first + 1,
      ...(after === null || after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    });
    const nodes = found.slice(0, first);
    return {
      nodes,
      edges: nodes.map((node) => ({ cursor: node.id, node })),
      pageInfo: { hasNextPage: found.length > first, endCursor: nodes.at(-1)?.id ?? null },
    };
  }

  @FieldResolver(() => [OrderItem])
  async items(@Root() order: Order, @Ctx() { itemsOfOrder }: Context) {
    return itemsOfOrder.load(order.id);
  }

  @Mutation(() => Order)
  async createOrder(@Arg('input', () => CreateOrderInput) input: CreateOrderInput, @Ctx() { prisma }: Context) {
    const { items, ...order } = input;
    const total = items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
    return prisma.$transaction(async (tx) =>
      tx.order.create({ data: { ...order, total, items: { create: items.map((item) => ({ ...item })) } } }),
    );
  }

  @Mutation(() => Order)
  async updateOrderStatus(
    @Arg('id', () => ID) id: string,
    @Arg('status', () => OrderStatus) status: OrderStatus,
    @Ctx() { prisma }: Context,
  ) {
    return prisma.$transaction(async (tx) => {
      const order = await tx.order.findUnique({ where: { id } });
      if (order === null) throw badInput('The order does not exist.');
      if (!NEXT[order.status].includes(status)) throw badInput(`${order.status} cannot become ${status}.`);
      return tx.order.update({ where: { id }, data: { status, version: { increment: 1 } } });
    });
  }
}
