import { randomUUID } from 'node:crypto';
import type { ScalarValues } from './random-input.js';

/** The values of arguments with which reads find the stored orders. */
export type StoredValues = ScalarValues;

interface Client {
  readonly get: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
}

interface Created {
  readonly createOrders: {
    readonly results: readonly {
      readonly order: {
        readonly id: string;
        readonly number: string;
        readonly items: readonly { readonly id: string }[];
        readonly history: { readonly nodes: readonly { readonly id: string }[] };
      };
    }[];
  };
}

const CREATE = `mutation ($orders: [CreateOrderInput!]!) {
  createOrders(input: { orders: $orders }) { results { order { id number items { id } history { nodes { id } } } } }
}`;
const TRANSITION = `mutation ($changes: [UpdateOrderStatusInput!]!) {
  updateOrderStatuses(input: { changes: $changes }) { results { changed } }
}`;

const CUSTOMERS = ['alice', 'bob', null];
const ADDRESS = { name: 'Alice', line1: '1 Main Street', city: 'Berlin', country: 'Germany' };

export const NEW_IDS: readonly string[] = Array.from({ length: 24 }, () => randomUUID());

/** Stores orders of several customers, currencies and statuses under the ids. */
export async function storeOrders(client: Client, newIds: readonly string[] = NEW_IDS): Promise<StoredValues> {
  const orders = newIds.map((id, index) => ({
    id,
    customerId: CUSTOMERS[index % CUSTOMERS.length],
    currency: index % 4 === 0 ? 'EUR' : 'USD',
    externalReference: `reference-${index}`,
    customerName: index % 2 === 0 ? 'Alice' : null,
    customerEmail: index % 3 === 0 ? 'alice@example.com' : null,
    shippingAddress: index % 2 === 0 ? ADDRESS : null,
    metadata: { index, nested: { list: [1, null, 'text'] } },
    items: Array.from({ length: 1 + (index % 3) }, (_item, position) => ({
      name: `Item ${position}`,
      sku: `SKU-${position}`,
      quantity: 1 + position,
      unitPrice: '4.20',
    })),
  }));
  const { createOrders } = await client.get<Created>(CREATE, { orders });
  const created = createOrders.results.map(({ order }) => order);
  const changes = created.slice(0, 8).map(({ id }) => ({ id, status: 'CONFIRMED' }));
  await client.get(TRANSITION, { changes });
  const ids = created.flatMap(({ id, items, history }) => [id, id, id, items[0]?.id, history.nodes[0]?.id]);
  return {
    ID: [...ids, 'customer:alice', 'customer:nobody', 'x'],
    String: ['alice', 'bob', 'nobody', ...created.map(({ number }) => number), 'reference-1', 'reference-2'],
    Currency: ['USD', 'EUR', 'usd'],
    Int: [0, 1, 2, 5, 20, 100, -1],
  };
}
