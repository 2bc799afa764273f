import type { Database } from '../../database/database.js';
import type { EventConsumer } from './consumer.js';
import { readProgress, registerConsumers, resetPosition } from './consumer-positions.js';

/**
 * Moves a consumer without tables to a position, while servers run: it handles the events after it, also those that it
 * has handled before. A held consumer runs again.
 *
 * @returns the end of the log. If it is before `target`, nothing has changed
 */
export async function moveConsumer(
  { prisma }: Database,
  consumer: EventConsumer,
  target: bigint | 'end',
): Promise<bigint> {
  const { name } = consumer;
  await registerConsumers(prisma, [consumer]);
  const end = (await readProgress(prisma, name))?.last ?? 0n;
  const position = target === 'end' ? end : target;
  if (position <= end) await resetPosition(prisma, name, position, null);
  return end;
}
