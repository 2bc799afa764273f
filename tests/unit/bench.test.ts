import { expect, test } from 'vitest';
import type { Sample } from '../../load/bench/http/cells.ts';
import { readOptions } from '../../load/bench/http/options.ts';
import { readPgbench } from '../../load/bench/http/pgbench.ts';
import { reportOf } from '../../load/bench/http/report.ts';
import { summarize } from '../../load/bench/http/results.ts';
import { layout, ordersPerCore, rateTable, ratioTable } from '../../load/bench/http/tables.ts';
import { readResult } from '../../load/bench/http/wrk.ts';

function sample(contestant: string, rate: number, rest: Partial<Sample> = {}): Sample {
  const cpu = { server: 0.2, database: 0.05, generator: 0.01 };
  return { contestant, cell: 'create', callers: 50, rate, cpu, latency: [[50, rate]], failure: null, ...rest };
}

const SAMPLES = [
  ...[3_000, 1_000, 2_500].map((rate) => sample('ordergraph', rate)),
  ...[900, 1_000, 2_000].map((rate) => sample('postgraphile', rate)),
];

test('the run with the median rate stands for a cell, with its own CPU and latency', () => {
  const results = summarize(SAMPLES);
  expect(results.of('ordergraph', 'create', 50)).toMatchObject({ rate: 2_500, latency: [[50, 2_500]] });
  expect(results.ratio('postgraphile', 'create', 50)).toBe(2.5);
  expect(results.of('ordergraph', 'create', 4)).toBeNull();
  expect(results.ratio('ordinary', 'create', 50)).toBeNull();
});

test('one failed run fails its cell, which has no ratio', () => {
  const results = summarize([...SAMPLES, sample('postgraphile', 5_000, { failure: '3 failures' })]);
  expect(results.ratio('postgraphile', 'create', 50)).toBeNull();
  expect(ratioTable(results)).toMatch(/postgraphile +50 +–/);
  expect(rateTable(results)).toContain('FAILED postgraphile, create, 50 callers: 3 failures');
  expect(reportOf(results, [])).toContain('FAILED postgraphile, create, 50 callers: 3 failures');
});

test('ratios stand beside their targets', () => {
  const results = summarize(SAMPLES);
  expect(ratioTable(results)).toMatch(/postgraphile +50 +2\.50 \(target 2\.5\)/);
  expect(reportOf(results, [])).toContain('✓ 2.50');
  expect(ordersPerCore(results)).toContain('4000 with 50 callers (target 3000)');
});

test('columns of a table are aligned', () => {
  const rows = [
    ['cell', 'rate'],
    ['a', '1000'],
    ['long name', '9'],
  ];
  expect(layout(rows, 1)).toEqual(['cell       rate', 'a          1000', 'long name     9']);
});

test('the report is one file: it refers to no other resource', () => {
  const report = reportOf(summarize(SAMPLES), ['a <fact>']);
  expect(report).not.toMatch(/(src|href|url\(|@import|https?:)/);
  expect(report).toContain('a &lt;fact>');
});

test('reads the result of wrk, with what failed', () => {
  const line = 'Running 5s test\n\nRESULT\t500\t2\t1\t5.01\t50:1.5 99:20 100:31\t200 {"errors":[]}\n';
  expect(readResult(line)).toEqual({
    answers: 500,
    failures: 3,
    firstFailure: '200 {"errors":[]}',
    seconds: 5.01,
    latency: [
      [50, 1.5],
      [99, 20],
      [100, 31],
    ],
  });
  expect(readResult('RESULT\t1\t0\t0\t5\t50:1\t\n').firstFailure).toBeNull();
  expect(() => readResult('unable to connect')).toThrow('unable to connect');
});

test('reads the result of pgbench', () => {
  const output = `number of transactions actually processed: 4000
number of failed transactions: 0 (0.000%)
tps = 2000.500000 (without initial connection time)`;
  const { seconds, ...rest } = readPgbench(output);
  expect(rest).toEqual({ answers: 4_000, failures: 0, firstFailure: null });
  expect(seconds).toBeCloseTo(2, 2);
  expect(() => readPgbench('number of transactions actually processed: 0')).toThrow('no result');
});

test('reads the options and rejects unknown ones', () => {
  expect(readOptions([])).toMatchObject({ callers: [4, 50, 500], rounds: 3, seconds: 5, against: null });
  expect(readOptions(['--quick', '--seconds', '7'])).toMatchObject({ callers: [50], rounds: 1, seconds: 7 });
  expect(readOptions(['--cells', 'create,get', '--baselines', 'none'])).toMatchObject({
    cells: ['create', 'get'],
    baselines: [],
  });
  expect(readOptions(['--help'])).toBeNull();
  expect(() => readOptions(['--cells', 'delete'])).toThrow('--cells must be a list of');
  expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds must be');
  expect(() => readOptions(['--fast'])).toThrow('--fast');
});
