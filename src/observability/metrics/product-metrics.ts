import { Counter, type Registry } from 'prom-client';

/** Lookups of products. */
export function createProductMetrics(registry: Registry) {
  const lookups = new Counter({
    name: 'ordergraph_product_lookups_total',
    help: 'Lookups of products, by where the result came from: memory, redis or service. Concurrent lookups of one product count once beyond memory.',
    labelNames: ['source'],
    registers: [registry],
  });
  return {
    lookedUp(source: 'memory' | 'redis' | 'service'): void {
      lookups.inc({ source });
    },
  };
}
