import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { createLog, MAX_LINE_BYTES } from '../../src/observability/log.js';

interface Line {
  readonly msg: string;
  readonly err: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
}

/** The log line of an error. */
function write(
  err: unknown,
  fields: object = {},
  message = 'it failed',
): { readonly text: string; readonly line: Line } {
  let text = '';
  const log = createLog({ level: 'info', destination: { write: (line) => (text += line) } });
  log.error({ err, ...fields }, message);
  return { text, line: JSON.parse(text) as Line };
}

function nested(depth: number, message: string): Error {
  return depth === 0 ? new Error(message) : new Error(message, { cause: nested(depth - 1, message) });
}

test('only the type, message, code, stack and causes of an error are logged', () => {
  const client = { connectionParameters: { password: 'hunter2' }, _queries: ['SELECT 1'] };
  const cause = Object.assign(new Error('terminating connection'), {
    code: '57P01',
    client,
    detail: 'Failing row (Ann)',
  });
  const { text, line } = write(Object.assign(new TypeError('lost', { cause }), { client, query: 'SELECT 1' }));
  expect(line.err).toEqual({
    type: 'TypeError',
    message: 'lost',
    sqlState: '57P01',
    stack: expect.stringMatching(/^at /) as string,
    cause: {
      type: 'Error',
      message: 'terminating connection',
      code: '57P01',
      sqlState: '57P01',
      stack: expect.stringMatching(/^at /) as string,
    },
  });
  expect(text).not.toMatch(/hunter2|SELECT|Ann/);
});

test('a log line is bounded for every error', () => {
  const cyclic = new Error('cyclic');
  cyclic.cause = cyclic;
  const errors = [
    cyclic,
    nested(50, 'deep'),
    nested(10, 'x'.repeat(100_000)),
    nested(10, '\0'.repeat(100_000)),
    nested(10, '💶'.repeat(100_000)),
    new AggregateError(
      Array.from({ length: 1_000 }, () => nested(5, 'many')),
      'an aggregate',
    ),
    Object.assign(new Error('with a stack'), { stack: `Error: with a stack\n${'    at x (y)\n'.repeat(10_000)}` }),
    Object.assign(new Error('with a code'), { code: 'C'.repeat(10_000), name: 'N'.repeat(10_000) }),
    'a thrown text'.repeat(10_000),
  ];
  for (const error of errors) {
    const { text, line } = write(error, { correlationId: 'kept' });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(line).toMatchObject({
      msg: 'it failed',
      correlationId: 'kept',
      err: { type: expect.any(String) as string },
    });
  }
  expect(Buffer.byteLength(write(null, { huge: 'x'.repeat(50_000) }, '\0'.repeat(50_000)).text)).toBeLessThanOrEqual(
    MAX_LINE_BYTES,
  );
});

test('the first failures of a disposal are logged in order', async () => {
  const stack = new AsyncDisposableStack();
  for (const step of ['third', 'second', 'first']) stack.defer(() => Promise.reject(new RangeError(step)));
  const failure = await stack.disposeAsync().catch((cause: unknown) => cause);
  const { line } = write(failure);
  expect(line.err).toMatchObject({
    type: 'SuppressedError',
    errors: [
      { type: 'RangeError', message: 'first' },
      { type: 'RangeError', message: 'second' },
    ],
  });
});

test('passwords in URLs and e-mail addresses are removed from every text', () => {
  const url = 'postgresql://me:p@ss/w0rd@db.example:5432/orders';
  const { text } = write(
    new Error(`cannot use ${url} for ann.o'neil@example.org`, { cause: new Error(url) }),
    {},
    `at ${url}`,
  );
  expect(text).toContain('postgresql://…@db.example:5432/orders');
  expect(text).not.toMatch(/w0rd|example\.org/);
});

test('the original error of a resolver is logged without its GraphQLError and document', () => {
  const originalError = new RangeError('the cause of it');
  const { line } = write(new GraphQLError('masked', { originalError }));
  expect(line.err).toMatchObject({ type: 'RangeError', message: 'the cause of it' });
});

test('only the last part of a Prisma message is logged, and without the value of a data exception', () => {
  const message =
    '\nInvalid `prisma.order.create()` invocation:\n\n{ data: { name: "Ann" } }\n\nRaw query failed: invalid input "Ann"';
  const error = Object.assign(new Error(message), {
    name: 'PrismaClientKnownRequestError',
    code: 'P2010',
    meta: { code: '22P02' },
  });
  const { text, line } = write(error);
  expect(line.err).toMatchObject({ message: 'Raw query failed: invalid input "…"', sqlState: '22P02' });
  expect(text).not.toContain('Ann');
});

test('text that is not JSON is not quoted', () => {
  for (const text of ['{"name": canary}', 'canary "quoted" text', "it's canary", '{"a": "canary']) {
    let thrown: unknown;
    try {
      JSON.parse(text);
    } catch (cause) {
      thrown = new Error('no JSON', { cause });
    }
    const { text: line } = write(thrown);
    expect(line).toContain('SyntaxError');
    expect(line).not.toContain('anary');
  }
});
