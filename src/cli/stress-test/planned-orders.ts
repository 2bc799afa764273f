import { formatMoney } from '../../domain/money.js';

/** An order of the run: the input, and the order that must be stored. */
export interface PlannedOrder {
  /** Its notes, which are unique. */
  readonly key: string;
  readonly input: object;
  /** The order as `READ_FIELDS` select it, without its id. */
  readonly expected: object;
}

export const READ_FIELDS = `notes subtotal { amount } total { amount currency }
  items { name sku quantity unitPrice { amount } subtotal { amount } }`;

const CURRENCIES = ['USD', 'EUR', 'JPY'] as const;
const NAMES = ['Tea', 'Coffee', 'Café crème', 'Ginger', '抹茶'] as const;
const CUSTOMERS = 1_000;

export interface StressRun {
  readonly id: string;
  /** Customers create orders for themselves only, so theirs have no `customerId`. */
  readonly hasCustomers: boolean;
}

/** The e-mail address of all orders of a run, by which they are listed. */
export function emailOf({ id }: StressRun): string {
  return `stress-test-${id}@example.com`;
}

/** The order with this number, from 0: one to four items, with amounts that vary. */
export function plannedOrder(run: StressRun, index: number): PlannedOrder {
  const key = `stress-test ${run.id} ${index}`;
  const currency = CURRENCIES[index % CURRENCIES.length] ?? 'USD';
  const amount = (minor: number) => formatMoney({ minor: BigInt(minor), currency });
  const lines = Array.from({ length: 1 + (index % 4) }, (_, line) => {
    const quantity = 1 + ((index + line) % 5);
    const price = 100 + ((index * 37 + line * 911) % 19_900);
    const name = NAMES[(index + line) % NAMES.length] ?? 'Tea';
    return { name, sku: `SKU-${(index * 7 + line) % 5_000}`, quantity, price };
  });
  const subtotal = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
  const sum = { amount: amount(subtotal) };
  return {
    key,
    input: {
      idempotencyKey: key,
      ...(run.hasCustomers ? { customerId: `stress-test-${index % CUSTOMERS}` } : {}),
      customerEmail: emailOf(run),
      notes: key,
      currency,
      items: lines.map(({ price, ...line }) => ({ ...line, unitPrice: amount(price) })),
    },
    expected: {
      notes: key,
      subtotal: sum,
      total: { ...sum, currency },
      items: lines.map(({ price, ...line }) => ({
        ...line,
        unitPrice: { amount: amount(price) },
        subtotal: { amount: amount(price * line.quantity) },
      })),
    },
  };
}
