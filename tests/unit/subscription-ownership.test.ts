import { parse, subscribe, type ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import type { Viewer } from '../../src/domain/viewer.js';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import { createContext, type Services } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createEventSubscriptions } from '../../src/orders/event-subscriptions.js';
import type { OrderReader } from '../../src/orders/interfaces/order-reader.js';
import { FREE, loggedEvent } from '../support/events.js';

const schema = createSchema();
const ORDER = '0198a6c0-5f0e-7a3b-9c1d-2e4f60718293';

const customer = (subject: string | null): Viewer => ({ issuer: 'shop', subject, roles: ['customer'] });

const eventOf = (customerId: string | null, version: number) => loggedEvent(version, { orderId: ORDER, customerId });

/** The versions of the events that the viewer receives. There is one event for each of ann, bob, a guest and ''. */
async function seenBy(viewer: Viewer, filter: string): Promise<number[]> {
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10 });
  const readerFor = () => ({ startPoint: async () => ({ end: null, pending: [] }) }) as unknown as OrderReader;
  const subscribeToEvents = createEventSubscriptions({ hub, readerFor, replayMax: 10 });
  const services = { subscribe: subscribeToEvents, orders: { readerFor }, deadlineMs: 1_000 } as unknown as Services;
  const source = (await subscribe({
    schema,
    document: parse(`subscription { orderStatusChanged${filter} { version } }`),
    contextValue: createContext(services, { viewer, signal: new AbortController().signal, traceparent: null }, FREE),
  })) as AsyncGenerator<ExecutionResult>;
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { data } of source) {
      const { orderStatusChanged } = data as { readonly orderStatusChanged: { readonly version: number } };
      seen.push(orderStatusChanged.version);
    }
  })();
  for (const event of [eventOf('ann', 1), eventOf('bob', 2), eventOf(null, 3), eventOf('', 4)]) {
    await hub.publish([event]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ended = reading.catch((cause: unknown) => cause);
  hub.close();
  expect(await ended).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  return seen;
}

test.each([
  ['an admin', OPEN_ADMIN, '', [1, 2, 3, 4]],
  ['an admin with a filter on one customer', OPEN_ADMIN, '(customerId: "ann")', [1]],
  ['a customer', customer('ann'), '', [1]],
  ['a customer with a filter on itself', customer('ann'), '(customerId: "ann")', [1]],
  ['a customer with a filter on another customer', customer('ann'), '(customerId: "bob")', []],
  ['a customer without a subject', customer(null), '', []],
  ['a customer with a filter on an order of several customers', customer('bob'), `(orderId: "${ORDER}")`, [2]],
] as const)('%s receives only permitted events', async (_name, viewer, filter, versions) => {
  expect(await seenBy(viewer, filter)).toEqual(versions);
});
