import { beforeEach, expect, test, vi } from 'vitest';
import { pino } from 'pino';
import type { Database } from '../../src/database/database.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import { tooLate } from '../../src/store/write-errors.js';
import { callerOf } from '../support/caller.js';
import { deleteCommand } from '../support/commands.js';

vi.mock('../../src/store/write-errors.js', { spy: true });
vi.mock('../../src/store/write-transaction.js', () => ({
  writeInTransaction: (_: unknown, commands: readonly unknown[]) => Promise.resolve(commands.map(() => DONE)),
}));

const DONE = { kind: 'aborted' } as const;

/** A database whose transactions succeed. */
const database = {
  prisma: { $transaction: (work: (tx: null) => unknown) => Promise.resolve(work(null)) },
} as unknown as Database;

const writer = createBatchWriter(database, {
  transactionTimeoutMs: 1_000,
  maxWaitMs: 1_000,
  onCommit: () => undefined,
  log: pino({ level: 'silent' }),
});

const command = deleteCommand('id');

beforeEach(() => {
  vi.clearAllMocks();
});

test('a successful batch builds no error', async () => {
  const calls = Array.from({ length: 10 }, () => ({ command, caller: callerOf(), outcomeUnknown: false }));
  expect(await writer.write(calls, { waited: false })).toEqual(calls.map(() => DONE));
  expect(tooLate).not.toHaveBeenCalled();
});

test('commands past their deadline are dropped before the transaction; the results keep the order of the commands', async () => {
  const late = callerOf({ deadline: performance.now() - 1 });
  const results = await writer.write(
    [
      { command, caller: callerOf(), outcomeUnknown: false },
      { command, caller: late, outcomeUnknown: false },
      { command, caller: callerOf(), outcomeUnknown: false },
      { command, caller: late, outcomeUnknown: true },
    ],
    { waited: false },
  );
  expect(results).toMatchObject([
    DONE,
    { message: 'The write did not finish before the deadline of the request. Nothing was stored.' },
    DONE,
    { details: { outcome: 'UNKNOWN' } },
  ]);
});
