// Runs wrk with wrk.lua, and reads what it prints.
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Latency, Load, Run } from './cells.ts';

/** The requests of a cell. Every one differs where those of clients would. */
export interface Requests {
  readonly url: string;
  /** A bearer token; null where the server needs none. */
  readonly token: string | null;
  /** A JSON text with markers: `@{uuid}`, `@{number}` (three digits), and `@{1}`, `@{2}` … for the fields of a line. */
  readonly body: string;
  readonly lines: readonly (readonly string[])[];
  /** Whether the lines start again after the last one. */
  readonly repeated: boolean;
  /** Text that every correct answer contains; empty where any answer is correct. */
  readonly expected: string;
  /** The least size of a correct answer. */
  readonly size: number;
}

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** Writes the files of the requests. @returns how to run them */
export async function prepareWrk(requests: Requests, folder: string, signal: AbortSignal) {
  const lines = path.join(folder, 'requests.txt');
  await writeFile(lines, requests.lines.map((fields) => `${fields.join('\t')}\n`).join(''));
  const spec = path.join(folder, 'requests.lua');
  await writeFile(spec, specOf(requests, lines));
  return async ({ callers, seconds }: Load): Promise<Run> => {
    const args = ['-t1', `-c${callers}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT, requests.url];
    const env = { ...process.env, BENCH_REQUESTS: spec };
    const { stdout } = await promisify(execFile)('wrk', args, { env, signal });
    return readResult(stdout);
  };
}

/** A Lua table. The texts are ASCII, so that JSON strings are Lua strings. */
function specOf({ url, token, body, repeated, expected, size }: Requests, lines: string): string {
  const { host, pathname } = new URL(url);
  const types = ['Content-Type: application/json', 'Accept: application/json'];
  const credentials = token === null ? [] : [`Authorization: Bearer ${token}`];
  const head = [`POST ${pathname} HTTP/1.1`, `Host: ${host}`, ...types, ...credentials, 'Content-Length: '].join(
    '\r\n',
  );
  const parts = body.split(/@\{(\w+)\}/).map((part) => JSON.stringify(part));
  const fields = {
    head: JSON.stringify(head),
    parts: `{${parts.join(', ')}}`,
    lines: JSON.stringify(lines),
    seed: randomInt(2 ** 40),
    repeated,
    expected: JSON.stringify(expected),
    size,
  };
  const texts = Object.entries(fields).map(([name, value]) => `${name} = ${value}`);
  return `return { ${texts.join(', ')} }\n`;
}

/** Reads the line that wrk.lua prints. */
export function readResult(output: string): Run {
  const line = /^RESULT\t(.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${output}`);
  const [answers = '', failures = '', errors = '', seconds = '', points = '', firstFailure = ''] = line.split('\t');
  return {
    answers: Number(answers),
    failures: Number(failures) + Number(errors),
    firstFailure: firstFailure !== '' ? firstFailure : Number(errors) > 0 ? 'connections failed' : null,
    seconds: Number(seconds),
    latency: readLatency(points),
  };
}

function readLatency(points: string): Latency {
  return points.split(' ').map((point) => {
    const [percentile, ms] = point.split(':');
    return [Number(percentile), Number(ms)];
  });
}
