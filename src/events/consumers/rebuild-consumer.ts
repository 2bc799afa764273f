import type { Database, Queryable } from '../../database/database.js';
import type { EventConsumer, TransactionalConsumer } from './consumer.js';
import { lockConsumer, readProgress, registerConsumers, resetPosition } from './consumer-positions.js';

/** The last transaction exchanges all rows of the tables; on a busy machine a batch exceeds the default of 5 s too. */
const TRANSACTION_TIMEOUT_MS = 10 * 60_000;

/**
 * Rebuilds a consumer from position 0, while servers run. An external consumer starts again and delivers every event once
 * more. The tables of a transactional one are filled as temporary copies in many short transactions; the last transaction
 * exchanges the rows and the position. Readers see the rows before or after the exchange, never a part.
 *
 * @param database with one connection, since the copies belong to it, and without prepared statements, which may have been
 *   planned for the original tables
 * @returns the new position
 */
export async function rebuildConsumer({ prisma }: Database, consumer: EventConsumer): Promise<bigint> {
  const { name } = consumer;
  await registerConsumers(prisma, [consumer]);
  if (consumer.kind === 'external') {
    await resetPosition(prisma, name, 0n, null);
    return 0n;
  }
  const tables = await createCopies(prisma, consumer.tables);
  let replayed: Replayed = { position: 0n, eventAt: null, isDone: false };
  while (!replayed.isDone) {
    const from = replayed;
    replayed = await prisma.$transaction((tx) => replayBatch(tx, consumer, tables, from), {
      timeout: TRANSACTION_TIMEOUT_MS,
    });
  }
  const last = await prisma.$transaction(
    async (tx) => {
      await lockConsumer(tx, name);
      let end = { ...replayed, isDone: false };
      while (!end.isDone) end = await replayBatch(tx, consumer, tables, end);
      for (const { original, copy } of tables) {
        await tx.$executeRawUnsafe(`DELETE FROM ${original}`);
        await tx.$executeRawUnsafe(`INSERT INTO ${original} SELECT * FROM ${copy}`);
      }
      await resetPosition(tx, name, end.position, end.eventAt);
      return end.position;
    },
    { timeout: TRANSACTION_TIMEOUT_MS },
  );
  for (const { copy } of tables) await prisma.$executeRawUnsafe(`DROP TABLE ${copy}`);
  return last;
}

/** Names with their schemas, quoted. */
interface Copied {
  readonly original: string;
  readonly copy: string;
}

/** A temporary table hides the table of the same name, so that `handle` writes the copy. */
async function createCopies(db: Queryable, names: readonly string[]): Promise<Copied[]> {
  const tables = await db.$queryRawUnsafe<Copied[]>(FIND_TABLES, names);
  if (tables.length < names.length) throw new Error(`Of the tables ${names.join(', ')}, only ${tables.length} exist.`);
  for (const { original, copy } of tables) {
    await db.$executeRawUnsafe(`CREATE TEMPORARY TABLE ${copy} (LIKE ${original} INCLUDING ALL)`);
  }
  return tables;
}

const FIND_TABLES = `
SELECT format('%I.%I', s.nspname, c.relname) AS original, format('pg_temp.%I', c.relname) AS copy
FROM unnest($1::text[]) AS n(name)
JOIN pg_class c ON c.oid = to_regclass(quote_ident(n.name))
JOIN pg_namespace s ON s.oid = c.relnamespace`;

interface Replayed {
  readonly position: bigint;
  /** When the latest of the events happened. */
  readonly eventAt: Date | null;
  /** Less than a batch is left. */
  readonly isDone: boolean;
}

async function replayBatch(
  tx: Queryable,
  consumer: TransactionalConsumer,
  tables: readonly Copied[],
  { position: after, eventAt }: Replayed,
): Promise<Replayed> {
  // A new connection has no copies: `handle` would write the originals.
  for (const { copy } of tables) await tx.$executeRawUnsafe(`SELECT FROM ${copy} LIMIT 0`);
  const last = (await readProgress(tx, consumer.name))?.last ?? 0n;
  const batchEnd = after + BigInt(consumer.batchSize);
  const upTo = batchEnd < last ? batchEnd : last;
  if (upTo > after) await consumer.handle(tx, { after, upTo });
  const [row] = await tx.$queryRawUnsafe<{ eventAt: Date | null }[]>(LATEST_EVENT, after, upTo, eventAt);
  return { position: upTo, eventAt: row?.eventAt ?? null, isDone: upTo === last };
}

const LATEST_EVENT = `
SELECT greatest($3::timestamptz(3), max(e.occurred_at)) AS "eventAt"
FROM order_events e WHERE e.position > $1::bigint AND e.position <= $2::bigint`;
