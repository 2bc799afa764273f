import { whole, type Variable } from '../variable-kinds.js';

/** Limits of the batches of reads and writes. */
export const BATCH_VARIABLES = {
  WRITE_LANES: whole(2, 1, 64, 'Maximum number of write batches that run at the same time.'),
  WRITE_BATCH_MAX_COMMANDS: whole(200, 1, 5_000, 'Maximum number of commands in a write batch.'),
  WRITE_BATCH_MAX_ITEMS: whole(2_000, 1, 100_000, 'Maximum number of order items in a write batch.'),
  WRITE_BATCH_MAX_BYTES: whole(4_000_000, 1_000, 100_000_000, 'Maximum size of a write batch, in bytes.'),
  WRITE_QUEUE_MAX_COMMANDS: whole(
    10_000,
    1,
    1_000_000,
    'Maximum number of queued and running commands. Further commands are rejected as `OVERLOADED`.',
  ),
  WRITE_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Maximum size of all queued and running commands, in bytes. Further commands are rejected as `OVERLOADED`.',
  ),
  READ_LANES: whole(4, 1, 64, 'Maximum number of read batches that run at the same time.'),
  READ_EXPENSIVE_LANES: whole(
    2,
    1,
    64,
    'Maximum number of exact counts, counts beyond 10,000 and statistics that run at the same time, besides `READ_LANES`.',
  ),
  COUNT_TIMEOUT_MS: whole(
    2_000,
    10,
    600_000,
    'Maximum duration of a count, in milliseconds. A longer one is rejected as `COUNT_TIMEOUT`.',
  ),
  READ_BATCH_MAX_KEYS: whole(1_000, 1, 10_000, 'Maximum number of keys in a read batch.'),
  READ_QUEUE_MAX_KEYS: whole(
    100_000,
    1,
    10_000_000,
    'Maximum number of keys in queued and running reads. Further reads are rejected as `OVERLOADED`.',
  ),
  READ_QUEUE_MAX_BYTES: whole(
    64_000_000,
    1_000,
    4_000_000_000,
    'Maximum size of all keys in queued and running reads, in bytes. Further reads are rejected as `OVERLOADED`.',
  ),
  QUEUE_STALL_MS: whole(
    800,
    100,
    600_000,
    'Time after which queued reads or writes are rejected as `OVERLOADED` if no batch of `READ_LANES` or `WRITE_LANES` has ended and all of them are busy, in milliseconds.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
