// Fulfilment by a warehouse with an HTTP API. docs/fulfilment.md explains how a server uses it.
import type { FulfilmentHandler, FulfilmentStep, StepResult } from '../src/orders/interfaces/fulfilment-handler.ts';

export interface WarehouseOptions {
  readonly url: string;
  /** How often the warehouse is asked about a shipment. */
  readonly pollMs: number;
}

interface Shipment {
  readonly status: 'PACKING' | 'SHIPPED' | 'DELIVERED' | 'REJECTED';
  readonly reason?: string;
  readonly tracking?: { readonly carrier: string; readonly number: string };
}

export function warehouseHandler({ url, pollMs }: WarehouseOptions): FulfilmentHandler {
  /** @throws Error if the warehouse fails; the step is then retried */
  async function call(step: FulfilmentStep, method: 'PUT' | 'GET', body?: object): Promise<Shipment> {
    const response = await fetch(`${url}/shipments/${step.orderId}`, {
      method,
      headers: { 'content-type': 'application/json', 'idempotency-key': step.idempotencyKey },
      body: body === undefined ? null : JSON.stringify(body),
      signal: step.signal,
    });
    if (!response.ok) throw new Error(`The warehouse responded with HTTP status ${response.status}.`);
    return (await response.json()) as Shipment;
  }

  /** Orders the shipment. A repeated PUT with the same idempotency key orders nothing more. */
  async function order(step: FulfilmentStep): Promise<StepResult> {
    const found = await step.readOrder();
    if (found === null) return { kind: 'leave' }; // cancelled or deleted meanwhile
    const items = found.items.map(({ sku, name, quantity }) => ({ sku, name, quantity }));
    const shipment = await call(step, 'PUT', { address: found.shippingAddress, items });
    if (shipment.status === 'REJECTED') return { kind: 'give-up', reason: shipment.reason ?? 'Rejected.' };
    return { kind: 'advance', to: 'PROCESSING' };
  }

  async function follow(step: FulfilmentStep): Promise<StepResult> {
    const { status, tracking } = await call(step, 'GET');
    if (step.status === 'PROCESSING' && (status === 'SHIPPED' || status === 'DELIVERED')) {
      return { kind: 'advance', to: 'SHIPPED', ...(tracking === undefined ? {} : { tracking }) };
    }
    if (step.status === 'SHIPPED' && status === 'DELIVERED') return { kind: 'advance', to: 'DELIVERED' };
    return { kind: 'wait', forMs: pollMs };
  }

  return {
    steps: {
      PENDING: { delayMs: 0 },
      PROCESSING: { delayMs: pollMs },
      SHIPPED: { delayMs: pollMs },
      DELIVERED: { delayMs: 0 },
    },
    batchSize: 10,
    batches: 4,
    timeoutMs: 5_000,
    async advance(step) {
      if (step.status === 'PENDING') return order(step);
      if (step.status === 'DELIVERED') return { kind: 'advance', to: 'COMPLETED' };
      return follow(step);
    },
  };
}
