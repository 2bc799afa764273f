import type { OrderItem, OrderLine } from '../../domain/order.js';
import type { Queryable } from '../../database/database.js';
import { documentWriter, namesOf, omitColumns, recordType } from '../columns.js';
import { ITEM_COLUMNS } from '../item-columns.js';
import { command, execute } from '../statement.js';

/** The columns of a line within its order. */
export const LINE_COLUMNS = omitColumns(ITEM_COLUMNS, 'orderId');

const lineDocument = documentWriter<Omit<OrderItem, 'orderId'>>(LINE_COLUMNS);

/** The lines of an order as the statements expand them from JSON; positions count from 1. */
export function lineDocuments(lines: readonly OrderLine[]): object[] {
  return lines.map((line, index) => lineDocument({ ...line, position: index + 1 }));
}

/** Replaces all lines of orders. */
export async function replaceLines(db: Queryable, linesOf: ReadonlyMap<string, readonly OrderLine[]>): Promise<void> {
  await execute(db, DELETE_LINES, [...linesOf.keys()]);
  const documents = [...linesOf].map(([id, lines]) => ({ id, items: lineDocuments(lines) }));
  await execute(db, INSERT_LINES, JSON.stringify(documents));
}

export const DELETE_LINES = command('DELETE FROM order_items i WHERE i.order_id = any($1::uuid[])');

export const INSERT_LINES = command(`
INSERT INTO order_items (order_id, ${namesOf(LINE_COLUMNS)})
SELECT i.id, ${namesOf(LINE_COLUMNS, 'l')}
FROM jsonb_to_recordset($1::jsonb) AS i(id uuid, items jsonb)
CROSS JOIN jsonb_to_recordset(i.items) AS l(${recordType(LINE_COLUMNS)})`);
