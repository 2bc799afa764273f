import type { Registry } from 'prom-client';
import type { FromWorker, ToWorker } from './messages.js';
import { createPendingRequests } from './pending-requests.js';

/** Longer than the supervisor waits for a worker. */
const METRICS_TIMEOUT_MS = 3_000;

/** The channel of a worker to its supervisor. */
export interface SupervisorChannel {
  announce(url: string): void;
  /** The metrics of all workers; those of this worker if the supervisor does not respond. */
  readAllMetrics(own: Registry): Promise<string>;
}

export interface ChannelOptions {
  readonly onStop: () => void;
  readonly registry: () => Registry;
}

export function openSupervisorChannel({ onStop, registry }: ChannelOptions): SupervisorChannel {
  const readings = createPendingRequests<string>(METRICS_TIMEOUT_MS);
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') onStop();
    else if (message.kind === 'all-metrics') readings.settle(message.request, message.text);
    else {
      const { request } = message;
      void registry()
        .getMetricsAsJSON()
        .then((metrics) => send({ kind: 'metrics', request, metrics }));
    }
  });
  return {
    announce: (url) => send({ kind: 'ready', url }),
    async readAllMetrics(own) {
      return (await readings.start((request) => send({ kind: 'read-all-metrics', request }))) ?? own.metrics();
    },
  };
}

function send(message: FromWorker): void {
  process.send?.(message);
}
