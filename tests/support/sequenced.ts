import { expect, vi } from 'vitest';
import type { TestDatabase } from './database.js';

/** Resolves when every event has a position: until then, statistics and cursors of events change without a write. */
export async function allSequenced(database: TestDatabase): Promise<void> {
  const waiting = 'SELECT 1 FROM order_events WHERE position IS NULL LIMIT 1';
  await vi.waitFor(async () => expect(await database.sql(waiting)).toEqual([]), { timeout: 10_000, interval: 20 });
}
