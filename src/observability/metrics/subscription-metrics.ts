import { Counter, type Registry } from 'prom-client';
import { addStateGauge } from './state-gauge.js';

/** What is counted at each scrape. */
export interface ConnectionCounts {
  readonly httpConnections: number;
  readonly websockets: number;
}

/** Subscriptions and connections. */
export function createSubscriptionMetrics(registry: Registry) {
  const registers = [registry];
  let active = 0;
  let countConnections: (() => Promise<ConnectionCounts>) | null = null;
  addStateGauge(
    { name: 'ordergraph_subscriptions', help: 'Active subscriptions.', aggregator: 'sum', registers },
    () => [[{}, active]],
  );
  addStateGauge(
    {
      name: 'ordergraph_connections',
      help: 'Open connections of clients, by protocol.',
      labelNames: ['protocol'],
      aggregator: 'sum',
      registers,
    },
    async () => {
      if (countConnections === null) return [];
      const { httpConnections, websockets } = await countConnections();
      return [
        [{ protocol: 'http' }, httpConnections],
        [{ protocol: 'websocket' }, websockets],
      ];
    },
  );
  const events = new Counter({
    name: 'ordergraph_subscription_events_total',
    help: 'Events sent to subscriptions, one for each subscription that received it.',
    registers,
  });
  const ended = new Counter({
    name: 'ordergraph_subscriptions_ended_total',
    help: 'Ended subscriptions, by reason: unsubscribed, disconnected, completed (by the server), rejected, or the code of an error, such as SLOW_CONSUMER.',
    labelNames: ['reason'],
    registers,
  });
  return {
    /** @param count must not reject */
    watchConnections(count: () => Promise<ConnectionCounts>): void {
      countConnections = count;
    },
    started(): void {
      active += 1;
    },
    sent(): void {
      events.inc();
    },
    rejected(): void {
      ended.inc({ reason: 'rejected' });
    },
    /** @param reason why a subscription that had started ended */
    ended(reason: string): void {
      active -= 1;
      ended.inc({ reason });
    },
  };
}
