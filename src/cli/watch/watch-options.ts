import { ORDER_STATUSES } from '../../domain/lifecycle.js';
import type { CommandError } from '../command-error.js';
import { invalidArguments, parseOptions, type CommandHelp } from '../command.js';
import { SERVER_OPTIONS, serverAddress } from '../server-address.js';
import { EXIT_STATUS } from './exit-status.js';

const EVENT_TYPES = ['CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED'];

export const WATCH_HELP = {
  name: 'watch',
  about: 'Prints each event of a running server as a line of JSON, until interrupted.',
  options: {
    order: { type: 'string', value: 'ID', about: 'Only the events of this order.' },
    customer: { type: 'string', value: 'CUSTOMER_ID', about: 'Only the events of the orders of this customer.' },
    to: { type: 'string', value: 'STATUS,…', about: 'Only the events that lead to these statuses.' },
    types: { type: 'string', value: 'TYPE,…', about: `Only events of these types: ${EVENT_TYPES.join(', ')}.` },
    after: { type: 'string', value: 'CURSOR', about: 'Starts with the events after this cursor.' },
    cursor: { type: 'string', value: 'FILE', about: 'Continues where the last run with this file ended.' },
    snapshot: { type: 'boolean', about: 'Prints the present state first; requires --order or --customer.' },
    ...SERVER_OPTIONS,
  },
  details: 'Without a filter it prints the events of all orders. --to and --types exclude each other.',
  examples: ['watch', 'watch --to SHIPPED,DELIVERED --cursor shipped.cursor', 'watch --order ID --snapshot'],
  exitStatuses: {
    [EXIT_STATUS.rejectedToken]: 'the server rejected the token',
    [EXIT_STATUS.expiredCursor]: 'the event log does not have the event of the cursor',
  },
} as const satisfies CommandHelp;

export interface WatchOptions {
  readonly url: string;
  readonly token: string | null;
  readonly orderId: string | undefined;
  readonly customerId: string | undefined;
  /** Null for every event. */
  readonly to: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly after: string | null;
  readonly cursorFile: string | null;
  readonly snapshot: boolean;
}

export function readWatchOptions(words: readonly string[]): WatchOptions {
  const { values } = parseOptions(WATCH_HELP, words);
  if (values.to !== undefined && values.types !== undefined) throw invalid('--to and --types exclude each other.');
  if (values.after !== undefined && values.cursor !== undefined) {
    throw invalid('--after and --cursor exclude each other.');
  }
  const snapshot = values.snapshot ?? false;
  if (snapshot && values.after !== undefined) throw invalid('--snapshot and --after exclude each other.');
  return {
    url: serverAddress(WATCH_HELP, values.url),
    token: values.token ?? null,
    orderId: values.order,
    customerId: values.customer,
    to: listOf('--to', values.to, ORDER_STATUSES),
    types: listOf('--types', values.types, EVENT_TYPES),
    after: values.after ?? null,
    cursorFile: values.cursor ?? null,
    snapshot,
  };
}

function invalid(message: string): CommandError {
  return invalidArguments(WATCH_HELP, message);
}

function listOf(name: string, text: string | undefined, known: readonly string[]): readonly string[] | null {
  if (text === undefined) return null;
  const values = text.split(',').map((value) => value.trim().toUpperCase());
  if (values.every((value) => known.includes(value))) return values;
  throw invalid(`${name} must be a comma-separated list of ${known.join(', ')}.`);
}
