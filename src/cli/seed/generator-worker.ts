import { createSecretKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createCopiedRows } from '../../store/copy-rows.js';
import { generateOrder } from './generate-order.js';
import type { GeneratedChunk, GeneratorData, GeneratorRequest } from './generator.js';

/* Generates orders in a thread of its own, so that the main thread keeps the database busy meanwhile. */

const { plan, secret, withPositions } = workerData as GeneratorData;
const key = createSecretKey(secret);
/** The positions are in the sequence of the orders, as if the sequencer had assigned them to a backlog. */
let position = 0n;

parentPort?.on('message', ({ first, count }: GeneratorRequest) => {
  const rows = createCopiedRows();
  let events = 0;
  for (let number = first; number < first + count; number += 1) {
    const stored = generateOrder(plan, key, number);
    rows.add(stored, withPositions ? position : null);
    position += BigInt(stored.events.length);
    events += stored.events.length;
  }
  const chunk: GeneratedChunk = { orders: count, events, rows: rows.end() };
  parentPort?.postMessage(
    chunk,
    Object.values(chunk.rows).map((bytes) => bytes.buffer),
  );
});
