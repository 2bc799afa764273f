import { coerceInputValue, isInputType } from 'graphql';
import { RequestError } from '../../domain/errors.js';
import { toOrderFilter } from '../../graphql/order-filter.js';
import { createSchema } from '../../graphql/schema.js';
import type { OrderWhere } from '../../graphql/types/where.js';
import type { OrderFilter } from '../../orders/interfaces/order-filter.js';
import { durationOf, invalidArguments, parseOptions, type CommandHelp, type Option } from '../command.js';

const OPTIONS = {
  format: { type: 'string', value: 'FORMAT', default: 'jsonl', about: 'jsonl or csv.' },
  output: { type: 'string', value: 'PATH', about: 'File for jsonl (default: stdout), folder for csv (required).' },
  status: { type: 'string', value: 'STATUS,…', about: 'Only orders in these statuses.' },
  customer: { type: 'string', value: 'CUSTOMER_ID', about: 'Only orders of this customer.' },
  currency: { type: 'string', value: 'CODE', about: 'Only orders in this currency.' },
  'created-from': { type: 'string', value: 'TIME', about: 'Only orders created at or after this time.' },
  'created-before': { type: 'string', value: 'TIME', about: 'Only orders created before this time.' },
  where: { type: 'string', value: 'JSON', about: 'The argument `where` of the query `orders`, for all other filters.' },
  'escape-formulas': { type: 'boolean', default: false, about: 'csv: protects spreadsheets; see above.' },
  timeout: { type: 'string', value: 'TIME', default: '1h', about: 'Maximum duration.' },
} as const satisfies Readonly<Record<string, Option>>;

export const EXPORT_HELP = {
  name: 'export',
  about: 'Writes orders and their items as JSON Lines or CSV.',
  options: OPTIONS,
  details: `An export is a consistent snapshot: all orders are read in one transaction, in the order of their creation, with
constant memory. The transaction keeps PostgreSQL from removing old rows while it runs, so it has a maximum duration. Deleted orders
are left out. Amounts are exact decimals in major units. The files are complete if the status is 0: until then their names
end with .part.

csv writes orders.csv and items.csv by RFC 4180, in UTF-8. Customers choose names and notes: a spreadsheet executes a text
that begins with = + - or @ as a formula. --escape-formulas puts an apostrophe before such texts; programs that read the
files do not need it.`,
  examples: [
    'export > orders.jsonl',
    'export --format csv --output january --created-from 2026-01-01T00:00:00Z --created-before 2026-02-01T00:00:00Z',
    `export --where '{"total":{"gte":"100"},"currency":"EUR"}' --output large.jsonl`,
  ],
} as const satisfies CommandHelp;

export interface ExportOptions {
  readonly format: 'jsonl' | 'csv';
  readonly output: string | null;
  readonly filter: OrderFilter;
  readonly escapeFormulas: boolean;
  readonly timeoutMs: number;
}

export function readExportOptions(words: readonly string[]): ExportOptions {
  const { values } = parseOptions(EXPORT_HELP, words);
  const { format, output = null } = values;
  if (format !== 'jsonl' && format !== 'csv') {
    throw invalidArguments(EXPORT_HELP, `--format must be jsonl or csv; it is ${format}.`);
  }
  if (format === 'csv' && output === null) throw invalidArguments(EXPORT_HELP, '--output FOLDER is required for csv.');
  const timeoutMs = durationOf(values.timeout);
  if (timeoutMs === null) {
    throw invalidArguments(EXPORT_HELP, `--timeout must be a duration such as 30m; it is ${values.timeout}.`);
  }
  return { format, output, filter: filterOf(values), escapeFormulas: values['escape-formulas'], timeoutMs };
}

interface FilterValues {
  readonly status?: string;
  readonly customer?: string;
  readonly currency?: string;
  readonly 'created-from'?: string;
  readonly 'created-before'?: string;
  readonly where?: string;
}

/** The filter by the schema of the API. The options replace the same conditions of --where. */
function filterOf(values: FilterValues): OrderFilter {
  const { status, customer, currency, 'created-from': gte, 'created-before': lt } = values;
  const where = {
    ...conditionsOf(values.where),
    ...(status === undefined ? {} : { status: { in: status.toUpperCase().split(',') } }),
    ...(customer === undefined ? {} : { customerId: customer }),
    ...(currency === undefined ? {} : { currency }),
    ...(gte === undefined && lt === undefined
      ? {}
      : { createdAt: { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) } }),
  };
  const type = createSchema().getType('OrderWhere');
  if (!isInputType(type)) throw new Error('the schema has no OrderWhere');
  try {
    return toOrderFilter(coerceInputValue(where, type, fail) as OrderWhere);
  } catch (cause) {
    if (cause instanceof RequestError) throw invalidArguments(EXPORT_HELP, cause.message, { cause });
    throw cause;
  }
}

function fail(path: readonly (string | number)[], _value: unknown, { message }: Error): never {
  throw invalidArguments(EXPORT_HELP, `${['where', ...path].join('.')} is invalid: ${message}`);
}

function conditionsOf(text: string | undefined): object {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw invalidArguments(EXPORT_HELP, `--where must be a JSON object such as {"currency":"EUR"}; it is ${text}.`, {
      cause,
    });
  }
}
