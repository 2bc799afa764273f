import { createSecretKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createRowWriter } from '../../store/copy-rows.js';
import { generateOrder } from './generate-order.js';
import type { GeneratedChunk, GeneratorData, GeneratorRequest } from './generator.js';

/* Generates orders in a thread of its own, so that the main thread keeps the database busy meanwhile. */

const { plan, secret, withPositions } = workerData as GeneratorData;
const key = createSecretKey(secret);

parentPort?.on('message', ({ first, count }: GeneratorRequest) => {
  const writer = createRowWriter(withPositions);
  let events = 0;
  for (let number = first; number < first + count; number += 1) {
    const stored = generateOrder(plan, key, number);
    writer.add(stored);
    events += stored.events.length;
  }
  const rows = writer.end();
  const chunk: GeneratedChunk = { orders: count, events, rows };
  const moved = [...Object.values(rows.tables), rows.positionsAt].map(({ buffer }) => buffer);
  parentPort?.postMessage(chunk, moved);
});
