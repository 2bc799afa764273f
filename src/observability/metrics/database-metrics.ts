import { Histogram, type Registry } from 'prom-client';
import { addStateGauge } from './state-gauge.js';

export interface PoolState {
  readonly max: number;
  /** Open connections, used or idle. */
  readonly open: number;
  readonly idle: number;
  /** Statements and transactions that wait for a connection. */
  readonly waiting: number;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Transactions, the connection pool, and whether the server is ready. */
export function createDatabaseMetrics(registry: Registry) {
  const registers = [registry];
  let poolState: (() => PoolState) | null = null;
  let isReady: (() => Promise<boolean>) | null = null;
  const transactions = new Histogram({
    name: 'ordergraph_transaction_duration_seconds',
    help: 'Duration of write transactions, by outcome: committed, or the kind of failure.',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  addStateGauge(
    {
      name: 'ordergraph_database_connections',
      help: 'Connections of the pool, by state.',
      labelNames: ['state'],
      aggregator: 'sum',
      registers,
    },
    () => {
      if (poolState === null) return [];
      const { open, idle } = poolState();
      return [
        [{ state: 'used' }, open - idle],
        [{ state: 'idle' }, idle],
      ];
    },
  );
  const ofPool = (name: string, help: string, valueOf: (state: PoolState) => number) =>
    addStateGauge({ name, help, aggregator: 'sum', registers }, () =>
      poolState === null ? [] : [[{}, valueOf(poolState())]],
    );
  ofPool('ordergraph_database_connections_max', 'Maximum number of connections of the pool.', ({ max }) => max);
  ofPool(
    'ordergraph_database_connections_waiting',
    'Statements and transactions that wait for a connection.',
    ({ waiting }) => waiting,
  );
  addStateGauge(
    {
      name: 'ordergraph_ready',
      help: '1 if the server is ready (/ready responds 200), otherwise 0.',
      aggregator: 'min',
      registers,
    },
    async () => (isReady === null ? [] : [[{}, (await isReady()) ? 1 : 0]]),
  );
  return {
    watchPool(state: () => PoolState): void {
      poolState = state;
    },
    /** @param ready must not reject */
    watchReadiness(ready: () => Promise<boolean>): void {
      isReady = ready;
    },
    transactionEnded(outcome: string, durationMs: number): void {
      transactions.observe({ outcome }, durationMs / 1_000);
    },
  };
}
