import { parseArgs } from 'node:util';
import { ORDER_STATUSES } from '../../domain/lifecycle.js';
import { CommandError } from '../command-error.js';
import { EXIT_STATUS } from './exit-status.js';

export const WATCH_USAGE =
  '[--order ID] [--customer CUSTOMER_ID] [--to STATUS,… | --types TYPE,…] [--after CURSOR | --cursor FILE] [--snapshot] [--url URL] [--token TOKEN]';

const EVENT_TYPES = ['CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED'];

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

/** @param port of the server, where no URL is given */
export function readWatchOptions(words: readonly string[], port: string): WatchOptions {
  const values = parse(words);
  if (values.to !== undefined && values.types !== undefined) throw invalid('--to and --types exclude each other.');
  if (values.after !== undefined && values.cursor !== undefined) {
    throw invalid('--after and --cursor exclude each other.');
  }
  const snapshot = values.snapshot ?? false;
  if (snapshot && values.after !== undefined) throw invalid('--snapshot and --after exclude each other.');
  return {
    url: addressOf(values.url ?? `http://127.0.0.1:${port}`),
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

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const filter = { order: text, customer: text, to: text, types: text };
  const options = {
    ...filter,
    after: text,
    cursor: text,
    url: text,
    token: text,
    snapshot: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (cause) {
    throw invalid((cause as Error).message, { cause });
  }
}

function invalid(message: string, options?: ErrorOptions): CommandError {
  const usage = `Usage: npm run cli -- watch ${WATCH_USAGE}\nWithout a filter it prints the events of all orders.`;
  return new CommandError(EXIT_STATUS.invalidArguments, `${message}\n${usage}`, options);
}

function listOf(name: string, text: string | undefined, known: readonly string[]): readonly string[] | null {
  if (text === undefined) return null;
  const values = text.split(',').map((value) => value.trim().toUpperCase());
  if (values.every((value) => known.includes(value))) return values;
  throw invalid(`${name} must be a comma-separated list of ${known.join(', ')}.`);
}

/** Completes an address: the default scheme is http, the default path is the one of the server. */
function addressOf(text: string): string {
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address) || !/^(http|ws)s?:/.test(address)) {
    throw invalid(`--url must be a URL such as http://127.0.0.1:4000; it is ${text}.`);
  }
  const url = new URL(address);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}
