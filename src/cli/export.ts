import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ReadQueryable } from '../database/database.js';
import type { Order, OrderItem } from '../domain/order.js';
import { sortKeyOf } from '../orders/cursor.js';
import type { OrderFilter, SortKey } from '../orders/interfaces/order-filter.js';
import { StartupError } from '../startup-error.js';
import { readRanges } from '../store/statements/page-orders.js';
import { readItems } from '../store/statements/read-orders.js';
import { readExportOptions, type ExportOptions } from './export/export-options.js';
import { csvLine, ITEM_FIELDS, itemRecord, ORDER_FIELDS, orderRecord } from './export/order-records.js';
import { openOutput } from './export/output-file.js';
import { createProgress } from './progress.js';
import { withDatabase } from './with-database.js';

/** Writes a consistent snapshot of the orders that match a filter, with their items. */
export async function exportOrders(words: readonly string[]): Promise<string> {
  const options = readExportOptions(words);
  const count = await withDatabase(async ({ prisma }) => {
    const writer = await openWriter(options);
    const progress = createProgress('Exporting', null);
    try {
      return await prisma.$transaction(
        async (tx) => {
          await tx.$executeRawUnsafe('SET TRANSACTION READ ONLY');
          let written = 0;
          for await (const page of pagesOf(tx, options.filter)) {
            await writer.write(page);
            progress.show((written += page.length));
          }
          await writer.complete();
          return written;
        },
        { isolationLevel: 'RepeatableRead', timeout: options.timeoutMs },
      );
    } catch (cause) {
      throw failureOf(cause, options);
    } finally {
      progress.end();
    }
  });
  process.stderr.write(`Exported ${count.toLocaleString('en-US')} orders.\n`);
  return '';
}

function failureOf(cause: unknown, { timeoutMs }: ExportOptions): unknown {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: string };
  if (code === 'P2028') {
    return new StartupError(`The export took longer than ${timeoutMs / 1_000} s and was ended. Set --timeout.`, {
      cause,
    });
  }
  const isFile = typeof code === 'string' && /^E[A-Z]+$/.test(code);
  return isFile ? new StartupError(`The export cannot be written: ${message}.`, { cause }) : cause;
}

type ExportedOrder = Order & { readonly items: readonly OrderItem[] };

const PAGE = 500;

/** Pages in the order of creation; each begins after the last order of the previous one. */
async function* pagesOf(db: ReadQueryable, filter: OrderFilter): AsyncGenerator<readonly ExportedOrder[]> {
  let after: SortKey | null = null;
  for (;;) {
    const range = { filter, field: 'CREATED_AT', direction: 'ASC', after, before: null, inclusive: false } as const;
    const [orders = []] = await readRanges(db, [{ ...range, limit: PAGE, hasDetails: true }]);
    const last = orders.at(-1);
    if (last === undefined) return;
    const items = await readItems(
      db,
      orders.map(({ id }) => id),
    );
    yield orders.map((order, index) => ({ ...order, items: items[index] ?? [] }));
    if (orders.length < PAGE) return;
    after = sortKeyOf(last, 'CREATED_AT');
  }
}

interface OrderWriter {
  readonly write: (orders: readonly ExportedOrder[]) => Promise<void>;
  readonly complete: () => Promise<void>;
}

async function openWriter({ format, output, escapeFormulas }: ExportOptions): Promise<OrderWriter> {
  if (format === 'jsonl' || output === null) {
    const file = openOutput(output);
    return { write: (orders) => file.write(orders.map(jsonLine).join('')), complete: file.complete };
  }
  try {
    await mkdir(output, { recursive: true });
  } catch (cause) {
    throw new StartupError(`The folder ${output} cannot be created: ${(cause as Error).message}`, { cause });
  }
  const [orderFile, itemFile] = [
    openOutput(path.join(output, 'orders.csv')),
    openOutput(path.join(output, 'items.csv')),
  ];
  await orderFile.write(`${ORDER_FIELDS.join(',')}\r\n`);
  await itemFile.write(`${ITEM_FIELDS.join(',')}\r\n`);
  return {
    write: async (orders) => {
      await orderFile.write(orders.map((order) => csvLine(ORDER_FIELDS, orderRecord(order), escapeFormulas)).join(''));
      const items = orders.flatMap(({ items, currency }) => items.map((item) => itemRecord(item, currency)));
      await itemFile.write(items.map((item) => csvLine(ITEM_FIELDS, item, escapeFormulas)).join(''));
    },
    complete: async () => {
      await orderFile.complete();
      await itemFile.complete();
    },
  };
}

function jsonLine({ items, ...order }: ExportedOrder): string {
  const records = items.map((item) => {
    const { orderId: _, ...record } = itemRecord(item, order.currency);
    return record;
  });
  return `${JSON.stringify({ ...orderRecord(order), items: records })}\n`;
}
