import { createSecretKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { copyLines, type StoredOrder } from '../../store/copy-rows.js';
import { generateOrder } from './generate-order.js';
import type { GeneratedChunk, GeneratorData, GeneratorRequest } from './generator.js';

/* Generates orders in a thread of its own, so that the main thread keeps the database busy meanwhile. */

const { plan, secret, withPositions } = workerData as GeneratorData;
const key = createSecretKey(secret);
let position = 0n;

parentPort?.on('message', ({ first, count }: GeneratorRequest) => {
  const stored = Array.from({ length: count }, (_, index) => positioned(generateOrder(plan, key, first + index)));
  const chunk: GeneratedChunk = {
    orders: count,
    events: stored.reduce((sum, { events }) => sum + events.length, 0),
    lines: copyLines(stored),
  };
  parentPort?.postMessage(chunk); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread has no origin
});

/** The positions are in the sequence of the orders, as if the sequencer had assigned them to a backlog. */
function positioned(stored: StoredOrder): StoredOrder {
  if (!withPositions) return stored;
  const events = stored.events.map((each) => ({ ...each, event: { ...each.event, position: (position += 1n) } }));
  return { ...stored, events };
}
