// Apollo Server, type-graphql and Prisma, as they are usually put together.
import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { PrismaPg } from '@prisma/adapter-pg';
import DataLoader from 'dataloader';
import { buildSchema } from 'type-graphql';
import { PrismaClient } from './generated/client.js';
import { OrderResolver, type Context } from './resolver.js';

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env['DATABASE_URL'] ?? '' }) });
const schema = await buildSchema({ resolvers: [OrderResolver], validate: false });
const server = new ApolloServer<Context>({ schema });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: async () => ({
    prisma,
    itemsOfOrder: new DataLoader(async (ids: readonly string[]) => {
      const items = await prisma.orderItem.findMany({ where: { orderId: { in: [...ids] } }, orderBy: { id: 'asc' } });
      const byOrder = Map.groupBy(items, (item) => item.orderId);
      return ids.map((id) =>
        (byOrder.get(id) ?? []).map((item) => ({ ...item, unitPrice: item.unitPrice.toNumber() })),
      );
    }),
  }),
});
console.log(`ready ${url}`);
