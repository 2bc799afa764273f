import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CopiedRows } from '../../store/copy-rows.js';
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

/** Most memory is garbage after an order: fewer collections copy less. */
const YOUNG_GENERATION_MB = 96;

/** Generates all orders in chunks. The next chunk is generated while the caller stores the last one. */
export async function* generateChunks(data: GeneratorData, size: number): AsyncGenerator<GeneratedChunk, void> {
  const worker = new Worker(new URL('./generator-worker.js', import.meta.url), {
    workerData: data,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  const { orders } = data.plan;
  const generate = async (first: number): Promise<GeneratedChunk> => {
    const answer = once(worker, 'message') as Promise<[GeneratedChunk]>;
    const request: GeneratorRequest = { first, count: Math.min(size, orders - first) };
    worker.postMessage(request); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread has no origin
    const [chunk] = await answer;
    return chunk;
  };
  try {
    let next = generate(0);
    for (let first = 0; first < orders; first += size) {
      const chunk = await next;
      if (first + size < orders) next = generate(first + size);
      next.catch(() => undefined); // it is awaited in the next step
      yield chunk;
    }
  } finally {
    await worker.terminate();
  }
}
