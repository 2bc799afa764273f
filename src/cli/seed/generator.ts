import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { setPositions, type CopiedRows } from '../../store/copy-rows.js';
import type { SeedPlan } from './generate-order.js';

export interface GeneratorData {
  readonly plan: SeedPlan;
  /** Of the fingerprints. */
  readonly secret: Uint8Array;
  /** Whether the events have the positions from 1. Otherwise the sequencer assigns them. */
  readonly withPositions: boolean;
}

export interface GeneratorRequest {
  readonly first: number;
  readonly count: number;
}

export interface GeneratedChunk {
  readonly orders: number;
  readonly events: number;
  readonly rows: CopiedRows;
}

/** Two threads generate orders at least as fast as one connection stores them. */
const THREADS = 2;
/** Most memory is garbage after an order: fewer collections copy less. */
const YOUNG_GENERATION_MB = 96;

/** Generates all orders in chunks, in sequence. The next chunks are generated while the caller stores the last one. */
export async function* generateChunks(data: GeneratorData, size: number): AsyncGenerator<GeneratedChunk, void> {
  const chunks = Math.ceil(data.plan.orders / size);
  const threads = Math.min(THREADS, chunks);
  const workers = Array.from({ length: threads }, () => startWorker(data));
  const pending: Promise<GeneratedChunk>[] = [];
  const request = (worker: Worker, index: number) => {
    if (index >= chunks) return;
    const first = index * size;
    const chunk = generate(worker, { first, count: Math.min(size, data.plan.orders - first) });
    chunk.catch(() => undefined); // it is awaited later
    pending.push(chunk);
  };
  try {
    let position = 0;
    workers.forEach(request);
    for (let index = 0; index < chunks; index += threads) {
      for (const [place, worker] of workers.entries()) {
        const chunk = await pending.shift();
        if (chunk === undefined) return;
        request(worker, index + place + threads);
        if (data.withPositions) setPositions(chunk.rows, position);
        position += chunk.events;
        yield chunk;
      }
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function startWorker(workerData: GeneratorData): Worker {
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  return new Worker(new URL('./generator-worker.js', import.meta.url), { workerData, resourceLimits });
}

/** @param worker without another request */
async function generate(worker: Worker, request: GeneratorRequest): Promise<GeneratedChunk> {
  const answer = once(worker, 'message') as Promise<[GeneratedChunk]>;
  worker.postMessage(request); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread has no origin
  const [chunk] = await answer;
  return chunk;
}
