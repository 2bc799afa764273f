import { expect } from 'vitest';
import type { TestDatabase } from './database.js';

/** Resolves when every event has a position: until then, statistics and cursors of events change without a write. */
export async function allSequenced(database: TestDatabase): Promise<void> {
  await expect.poll(() => database.sql('SELECT 1 FROM order_events WHERE position IS NULL LIMIT 1')).toEqual([]);
}
