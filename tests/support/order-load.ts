import { randomUUID } from 'node:crypto';
import type { TestClient } from './client.js';

/** A write load that continues while its servers fail. */
export interface OrderLoad {
  /** The version of each order that a response has acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** The times of the successful requests, in milliseconds, since the last call. */
  takeTimes(): readonly number[];
  stop(): Promise<void>;
}

const CREATE = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id version } } }`;
const TRANSITION = `mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { order { id version } } }`;

const ORDER = { items: [{ name: 'Tea', quantity: 1, unitPrice: '4.20' }], customerId: 'ada', notes: 'Ring twice' };

/**
 * Creates and changes orders, several at a time, with short pauses. A failed request is not repeated.
 *
 * @param clients returns the running servers
 */
export function startOrderLoad(clients: () => readonly Pick<TestClient, 'get'>[], callers = 8): OrderLoad {
  const acknowledged = new Map<string, number>();
  let times: number[] = [];
  const stopping = new AbortController();

  async function write(client: Pick<TestClient, 'get'>, query: string, input: object): Promise<boolean> {
    const began = performance.now();
    try {
      const data = await client.get<
        Record<string, { readonly order: { readonly id: string; readonly version: number } }>
      >(query, { input });
      for (const { order } of Object.values(data)) acknowledged.set(order.id, order.version);
      times.push(performance.now() - began);
      return true;
    } catch {
      return false; // whether it was stored is unknown
    }
  }

  async function run(caller: number): Promise<void> {
    for (let round = 0; !stopping.signal.aborted; round += 1) {
      const all = clients();
      const client = all[(caller + round) % all.length];
      const id = randomUUID();
      const statuses = ['CONFIRMED', 'PROCESSING', 'COMPLETED'];
      let isStored = client !== undefined && (await write(client, CREATE, { id, ...ORDER }));
      for (const status of statuses) {
        if (isStored && client !== undefined)
          isStored = await write(client, TRANSITION, { id, status, reason: 'paid by Ada' });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const running = Promise.all(Array.from({ length: callers }, (_, caller) => run(caller)));
  return {
    acknowledged,
    takeTimes() {
      const taken = times;
      times = [];
      return taken;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
