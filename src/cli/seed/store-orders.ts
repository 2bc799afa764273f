import type { Client } from 'pg';
import { withClient } from '../../database/client.js';
import { copyOrders, withoutIndexes } from '../../store/copy-orders.js';
import { generateChunks, type GeneratedChunk, type GeneratorData } from './generator.js';

export interface Stored {
  readonly orders: number;
  readonly events: number;
}

type Report = (orders: number) => void;

/** Orders that are stored at once in an empty database. */
const CHUNK = 2_000;
/** Orders in a transaction while servers run: the sequencer sees the events of short transactions earlier. */
const SHORT_CHUNK = 1_000;
/** The foreign keys and indexes cost the database more than the rows: two connections use two cores. */
const CONNECTIONS = 2;

/** Stores all orders in one transaction. @returns null if the tables are used or not empty */
export async function storeInEmpty(url: string, data: Omit<GeneratorData, 'withPositions'>, report: Report) {
  return withClient(url, (client) =>
    withoutIndexes(client, async () => {
      const stored = { orders: 0, events: 0 };
      for await (const chunk of generateChunks({ ...data, withPositions: true }, CHUNK)) {
        await copyOrders(client, chunk.rows, ['FREEZE']);
        count(stored, chunk, report);
      }
      return stored;
    }),
  );
}

/** Stores all orders in short transactions, beside other sessions. The sequencer assigns the positions. */
export async function storeInUsed(
  url: string,
  data: Omit<GeneratorData, 'withPositions'>,
  report: Report,
): Promise<Stored> {
  const stored = { orders: 0, events: 0 };
  const chunks = generateChunks({ ...data, withPositions: false }, SHORT_CHUNK);
  const store = (client: Client) =>
    (async () => {
      const begin = await beginOf(client);
      for (;;) {
        const { value: chunk, done } = await chunks.next(); // one generator for all connections
        if (done === true) return;
        await client.query(begin);
        await copyOrders(client, chunk.rows);
        await client.query('COMMIT');
        count(stored, chunk, report);
      }
    })();
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => withClient(url, store)));
  } finally {
    await chunks.return();
  }
  return stored;
}

function count(stored: { orders: number; events: number }, chunk: GeneratedChunk, report: Report): void {
  stored.orders += chunk.orders;
  stored.events += chunk.events;
  report(stored.orders);
}

/**
 * Each transaction stores orders with all rows that refer to them, so the checks of the foreign keys find nothing. They
 * are skipped where the user of the database may do so.
 */
async function beginOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT has_parameter_privilege('session_replication_role', 'SET') AS may",
  );
  return rows[0]?.may === true ? 'BEGIN; SET LOCAL session_replication_role = replica' : 'BEGIN';
}
