import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createEventLog } from '../../src/store/event-log.js';
import type { TestDatabase } from '../support/database.js';
import { storeForTest, useDatabase } from '../support/fixture.js';
import { insertCreated, randomIds } from '../support/rows.js';

const database = useDatabase({ scope: 'test' });
const unmigrated = useDatabase({ empty: true });

function consumers(words: readonly string[], { url }: Pick<TestDatabase, 'url'> = database) {
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url };
  const command = [path.resolve('dist/cli/main.js'), 'consumers', ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, cwd: tmpdir(), encoding: 'utf8' });
  return { status, stdout, stderr };
}

async function writeEvents(count: number): Promise<void> {
  await insertCreated(database, randomIds(count), new Date(Date.now() - 60_000));
  await createEventLog(storeForTest(database)).sequence(count, null);
}

test('consumers are listed, as text and as JSON', async () => {
  await writeEvents(7);
  await database.sql(
    `INSERT INTO event_consumers (name, position, holder, lease_until, held)
     VALUES ('a', 7, NULL, NULL, 'A reason.'), ('b', 2, 'me', now() + interval '1 hour', NULL)`,
  );
  const { status, stdout, stderr } = consumers([]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /^a: position 7, lag 0\n {2}held: A reason\.\nb: position 2, lag 5, oldest 6\d s, run by me\n$/,
  );
  const [a, b] = JSON.parse(consumers(['list', '--json']).stdout) as object[];
  expect(a).toEqual({ name: 'a', position: 7, lag: 0, ageMs: null, holder: null, held: 'A reason.' });
  expect(b).toMatchObject({ name: 'b', position: 2, lag: 5, holder: 'me', held: null });
});

test('a rebuild and a resumption print the report of the consumer', async () => {
  await writeEvents(7);
  expect(consumers(['rebuild', 'order-statistics'])).toMatchObject({ stdout: 'order-statistics: position 7, lag 0\n' });
  expect(await database.sql("SELECT sum(count)::int AS sum FROM order_stats WHERE grain = 'ALL'")).toEqual([
    { sum: 7 },
  ]);
  await database.sql("UPDATE event_consumers SET held = 'A reason.' WHERE name = 'order-statistics'");
  const resumed = consumers(['resume', 'order-statistics', '--json']);
  expect(JSON.parse(resumed.stdout)).toMatchObject([{ name: 'order-statistics', held: null }]);
});

test('invalid commands are rejected with a message', () => {
  const usage =
    /^Usage: npm run cli -- consumers \[list \| rebuild NAME \| move NAME POSITION \| resume NAME\] \[--json\]\n$/;
  const texts: [string[], RegExp][] = [
    [['rebuild'], usage],
    [['list', 'order-statistics'], usage],
    [['move', 'order-statistics'], usage],
    [['rebuild', 'order-statistics', 'more'], usage],
    [['start', 'order-statistics'], usage],
    [['--all'], /^Unknown option '--all'/],
    [['rebuild', 'other'], /^No consumer other is configured\. Configured are: .*order-statistics.*\n$/],
    [['move', 'order-statistics', '-1'], /^POSITION must be a number or the word end; it is -1\.\n/],
    [['move', 'order-statistics', '1.5'], /^POSITION must be a number or the word end; it is 1\.5\.\n/],
    [
      ['move', 'order-statistics', '0'],
      /cannot be moved: its tables \(order_stats, order_stats_durations\) would count events twice or not at all\. Run "npm run cli -- consumers rebuild order-statistics"\.\n$/,
    ],
    [['resume', 'other'], /^No consumer other is held\.\n$/],
  ];
  for (const [words, text] of texts) {
    const { status, stdout, stderr } = consumers(words);
    expect([words, status, stdout]).toEqual([words, stderr.includes('Usage: ') ? 2 : 1, '']);
    expect(stderr).toMatch(text);
  }
});

test('a database without migrations is reported', () => {
  const { status, stderr } = consumers(['list'], unmigrated);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^The database lacks the migrations .*npm run migrate/)]);
});
