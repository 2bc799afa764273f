// Measures two processes that write at full rate while another transaction has locked 250 orders that both of them
// change: the rate of the other writes, and the time until the commands on the locked orders are done after the
// release. npm run bench:locks
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../../dist/database/migrate.js';
import type { Answer, Message } from './locked-orders-writer.ts';
import { median } from './measure.ts';
import { withTemporaryPostgres } from './temporary-postgres.ts';

const PROCESSES = 2;
const LOCKED = 250;
const ROUNDS = 5;
const seconds = Number(process.env['BENCH_SECONDS'] ?? 2);
const writers: ChildProcess[] = [];
let lastId = 0;
await withTemporaryPostgres(async ({ url }) => {
  await migrate(url);
  const program = fileURLToPath(new URL('locked-orders-writer.ts', import.meta.url));
  try {
    for (let index = 0; index < PROCESSES; index += 1) writers.push(fork(program, [url]).setMaxListeners(0));
    await bench(url);
  } finally {
    for (const writer of writers) writer.kill();
  }
});

async function bench(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // stopping the database also terminates it
  await client.connect();
  const rates: Record<'undisturbed' | 'locked', number[]> = { undisturbed: [], locked: [] };
  const waits: number[] = [];
  let rejected = 0;
  await all({ kind: 'write', seconds }); // warms up
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.undisturbed.push(await rateOf());
    const [{ ids = [] } = {}] = await Promise.all(
      writers.slice(0, 1).map((writer) => ask(writer, { kind: 'create', count: LOCKED })),
    );
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM orders WHERE id = any($1) FOR UPDATE', [ids]);
    const changes = all({ kind: 'change', ids });
    rates.locked.push(await rateOf());
    await client.query('COMMIT');
    const freeAt = Date.now();
    for (const { doneAt = [], failed = 0 } of await changes) {
      waits.push(...doneAt.map((at) => at - freeAt));
      rejected += failed;
    }
  }
  await client.end();
  const [undisturbed, locked] = [median(rates.undisturbed), median(rates.locked)];
  console.log(`\nTwo processes, ${LOCKED} locked orders, median of ${ROUNDS} rounds of ${seconds} s`);
  console.log(`  undisturbed ${undisturbed.toFixed(0).padStart(7)} /s`);
  console.log(`  locked      ${locked.toFixed(0).padStart(7)} /s  ×${(locked / undisturbed).toFixed(2)}`);
  console.log(`  commands on freed orders: ${waits.length} done, ${rejected} rejected`);
  console.log(`  done after the release: median ${median(waits)} ms, latest ${Math.max(...waits)} ms`);
}

async function rateOf(): Promise<number> {
  const answers = await all({ kind: 'write', seconds });
  return answers.reduce((sum, { rate = 0 }) => sum + rate, 0);
}

async function all(message: Message): Promise<Answer[]> {
  return Promise.all(writers.map((writer) => ask(writer, message)));
}

async function ask(writer: ChildProcess, message: Message): Promise<Answer> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    const answered = (answer: Answer) => {
      if (answer.id !== id) return;
      writer.off('message', answered);
      resolve(answer);
    };
    writer.on('message', answered);
    writer.once('exit', () => reject(new Error('a writer has ended')));
    writer.send({ id, ...message });
  });
}
