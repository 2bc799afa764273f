import { readFulfilmentReport, retryDeadLetters, type FulfilmentReport } from '../fulfilment/dead-letters.js';
import { checkJobSchema } from '../fulfilment/job-schema.js';
import { parseUuid } from '../orders/order-id.js';
import { invalidArguments, JSON_OPTION, parseOptions, type CommandHelp } from './command.js';
import { withDatabase } from './with-database.js';

export const FULFILMENT_HELP = {
  name: 'fulfilment',
  about: 'Lists the dead letters of fulfilment, or returns them to the queue. Servers may run meanwhile.',
  words: '[list | retry ORDER_ID | retry --all]',
  options: {
    all: { type: 'boolean', default: false, about: 'Returns all dead letters to the queue.' },
    json: JSON_OPTION,
  },
  examples: ['fulfilment --json', 'fulfilment retry --all'],
} as const satisfies CommandHelp;

const MAX_LISTED = 1_000;

/** Lists the dead letters of fulfilment, or returns them to the queue; also while servers run. */
export async function manageFulfilment(words: readonly string[]): Promise<string> {
  const { action, orderId, all, json } = optionsOf(words);
  return withDatabase(async ({ prisma }, url) => {
    await checkJobSchema(url);
    if (action === 'list') return formatReport(await readFulfilmentReport(prisma, MAX_LISTED), json);
    const returned = await retryDeadLetters(prisma, all ? null : orderId);
    return json ? JSON.stringify({ returned }) : `Returned to the queue: ${returned}`;
  });
}

function optionsOf(words: readonly string[]) {
  const { values, positionals } = parseOptions(FULFILMENT_HELP, words);
  const [action = 'list', id = '', ...rest] = positionals;
  const orderId = parseUuid(id);
  const isList = action === 'list' && id === '' && !values.all;
  const isRetry = action === 'retry' && (orderId === null ? id === '' && values.all : !values.all);
  if (rest.length > 0 || !(isList || isRetry)) throw invalidArguments(FULFILMENT_HELP, 'The arguments are invalid.');
  return { action, orderId, ...values };
}

function formatReport(report: FulfilmentReport, json: boolean): string {
  if (json) return JSON.stringify(report);
  const { queued, oldestDueAt, deadLetters, oldest } = report;
  const due = oldestDueAt === null ? '' : `, the oldest due since ${oldestDueAt.toISOString()}`;
  const lines = oldest.map(
    ({ orderId, status, reason, attempts, failedAt }) =>
      `  ${orderId} in ${status}, failed at ${failedAt.toISOString()} after ${attempts} attempts: ${reason}`,
  );
  const more = deadLetters > oldest.length ? [`  and ${deadLetters - oldest.length} more`] : [];
  return [`Queued steps: ${queued}${due}`, `Dead letters: ${deadLetters}`, ...lines, ...more].join('\n');
}
