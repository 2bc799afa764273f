import { randomUUID } from 'node:crypto';
import { createConsumers } from './consumers.js';
import type { Database } from '../database/database.js';
import { announce, listen } from '../database/notifications.js';
import { createCachedReport } from '../events/consumers/cached-report.js';
import { startConsumers } from '../events/consumers/consumer-runner.js';
import { startLogTailer } from '../events/log-tailer.js';
import { startSequencer } from '../events/sequencer.js';
import { createSubscriptionHub } from '../events/subscription-hub.js';
import { createEventLog } from '../store/event-log.js';
import type { TracedSetup } from './setup.js';

/** Commit → sequencer → event log → log tailer → subscription hub and consumers. */
export async function startEvents(
  { config, log, resources, parts, tracer }: TracedSetup,
  database: Database,
  directUrl: string,
) {
  const { debounceMs, pollMs, maxQueued, maxCost } = config.events;
  const eventLog = createEventLog(database);
  const self = randomUUID();

  const hub = createSubscriptionHub({ maxQueued, maxCost });
  resources.defer(() => hub.close());
  const list = createConsumers(config, log, { tracer, parts });
  const consumers = await startConsumers({
    consumers: list,
    database,
    eventLog,
    holder: self,
    pollMs,
    log,
  });
  resources.defer(() => consumers.close());
  const tailer = await startLogTailer({
    eventLog,
    debounceMs: 0,
    pollMs,
    isWatched: hub.isWatched,
    publish: hub.publish,
    skipTo: hub.skipTo,
    rewindTo: hub.rewindTo,
    onLogged: consumers.eventsLogged,
    log,
  });
  resources.defer(() => tailer.close());
  const listener = listen(directUrl, self, () => tailer.wake(), log);
  resources.defer(() => listener.close());
  const onSequenced = () => {
    tailer.wake();
    announce(database, self).catch((cause: unknown) =>
      log.warn({ err: cause }, 'notifying other servers of new events failed; they poll'),
    );
  };
  const sequencer = startSequencer({ eventLog, debounceMs, pollMs, onSequenced, log });
  resources.defer(() => sequencer.close());
  const names = list.map(({ name }) => name);
  return { hub, wakeSequencer: sequencer.wake, reportConsumers: createCachedReport(database, names, log) };
}
