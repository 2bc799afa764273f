import { bookmarkAt, isStillLogged, type Bookmark } from '../../domain/bookmark.js';
import type { EventLog } from '../../orders/interfaces/event-log.js';
import type { EventConsumer } from './consumer.js';
import type { Progress } from './consumer-positions.js';

/**
 * What this process has seen of a consumer. Its tokens only grow, its position only grows under one token, and an event
 * keeps its position. Otherwise the database was restored to an earlier state. A new process has nothing to compare.
 */
export interface ConsumerMemory {
  token: bigint;
  /** The last event that the consumer has handled. */
  bookmark: Bookmark;
}

export function createConsumerMemory(): ConsumerMemory {
  return { token: 0n, bookmark: bookmarkAt(null) };
}

export function forget(memory: ConsumerMemory): void {
  Object.assign(memory, createConsumerMemory());
}

/**
 * Finds out why a consumer must be held, or remembers its progress. A transactional one continues after a restore: its
 * position and its effect are rows of the same restored database.
 *
 * @returns the reason, or null
 */
export async function checkProgress(
  consumer: EventConsumer,
  memory: ConsumerMemory,
  progress: Progress,
  eventLog: Pick<EventLog, 'pointAt'>,
): Promise<string | null> {
  if (progress.position > progress.last) return aheadOfLog(consumer, progress);
  if (consumer.kind === 'transactional') return null;
  const { position, token } = progress;
  const { bookmark } = memory;
  const wentBack = token < memory.token || (token === memory.token && position < bookmark.position);
  if (wentBack || !isStillLogged(bookmark, await eventLog.pointAt(bookmark.position)))
    return restored(consumer, memory, progress);
  memory.token = token;
  if (bookmark.position !== position) memory.bookmark = { position, event: await eventLog.pointAt(position) };
  return null;
}

const CLI = 'npm run cli -- consumers';

function aheadOfLog({ kind, name }: EventConsumer, { position, last }: Progress): string {
  const found = `The log ends at position ${last}, but this consumer has handled the events up to ${position}: a part of the database was restored to an earlier state.`;
  if (kind === 'transactional') return `${found} Its tables count events that are lost. Run "${CLI} rebuild ${name}".`;
  return `${found} The other system has events that the log does not have. Compare them, then run "${CLI} move ${name} POSITION".`;
}

export function restored({ name }: EventConsumer, { token, bookmark }: ConsumerMemory, progress: Progress): string {
  const now = `its position is ${progress.position} (token ${progress.token}), the end of the log ${progress.last}`;
  const before = `this process has seen position ${bookmark.position} (token ${token})`;
  return `The database was restored to an earlier state: ${now}; ${before}. The other system has events that the log does not have, or has other events at their positions. Compare them, then run "${CLI} resume ${name}" to deliver the events after position ${progress.position} again, or "${CLI} move ${name} POSITION".`;
}
