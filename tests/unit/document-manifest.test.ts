import { createHash } from 'node:crypto';
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { createManifest, ManifestError, readManifest } from '../../src/graphql/document-manifest.js';

const schema = buildSchema('type Query { a: A } type A { b: Int c(d: Int): Int } type Mutation { e: Int }');
const rules = { maxTokens: 300, rules: [] };
const manifestOf = (...texts: string[]) =>
  createManifest(
    texts.map((text, index) => ({ name: `${index}.graphql`, text })),
    schema,
    rules,
  );

const PARTS = [
  'query Two { a { ...Z } }',
  'fragment Y on A { b }',
  'query One { a { b } }',
  'fragment Z on A { ...Y c }',
];

test('a manifest does not depend on files, order and layout', () => {
  const manifest = manifestOf(PARTS.join('\n'));
  expect(manifest.operations.map(({ name, type }) => [name, type])).toEqual([
    ['One', 'query'],
    ['Two', 'query'],
  ]);
  expect(manifestOf(...PARTS.toReversed().map((part) => `# comment\n${part.replaceAll(' ', ',\n')}`))).toEqual(
    manifest,
  );
  expect(manifest).toMatchObject({ format: 'apollo-persisted-query-manifest', version: 1 });
});

test('an operation has its fragments only, and the SHA-256 of its text as id', () => {
  const [one, two] = manifestOf(...PARTS).operations;
  expect(one?.body).toBe('query One {\n  a {\n    b\n  }\n}');
  expect(parse(two?.body ?? '').definitions).toHaveLength(3);
  expect(one?.id).toBe(
    createHash('sha256')
      .update(one?.body ?? '')
      .digest('hex'),
  );
});

test.each([
  ['query One { a { x } }', 'Operation One: Cannot query field "x"'],
  ['query One { a { ...Unknown } }', 'Operation One: Unknown fragment "Unknown"'],
  ['{ a { b } }', '0.graphql: Every operation needs a name.'],
  ['query One { a { b } } mutation One { e }', '0.graphql: The name One is used more than once.'],
  ['query One {', '0.graphql: Syntax Error'],
  ['type B { b: Int }', '0.graphql: A document contains operations and fragments only.'],
])('%j is rejected with its file or operation', (text, message) => {
  expect(() => manifestOf(text)).toThrow(ManifestError);
  expect(() => manifestOf(text)).toThrow(message);
});

test('an operation beyond the limits of a document is rejected', () => {
  const fields = (count: number) => `query One { a { ${'b '.repeat(count)} } }`;
  expect(() => manifestOf(fields(400))).toThrow(/Operation One: .*more that 300 tokens/);
  expect(() => manifestOf(fields(2_000))).toThrow(/Operation One: .*at most 1000 lines/);
});

test('all problems are listed', () => {
  expect(() => manifestOf('query One { x }', '{ a { b } }', 'query Two { y }')).toThrow(
    /1\.graphql: [\s\S]*Operation One: [\s\S]*Operation Two: /,
  );
});

test.each([
  ['{', 'The manifest is not JSON.'],
  ['{}', 'format'],
  ['{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}', 'version'],
  ['{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"1"}]}', 'operations.0.name'],
])('the manifest %s cannot be read', (text, message) => {
  expect(() => readManifest(text, schema, rules)).toThrow(ManifestError);
  expect(() => readManifest(text, schema, rules)).toThrow(message);
});

test('a manifest with an invalid operation names it', () => {
  const [one] = manifestOf(...PARTS).operations;
  const text = (operations: object[]) =>
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
  expect([...readManifest(text([{ ...one, other: 1 }]), schema, rules).keys()]).toEqual([one?.id]);
  expect(() => readManifest(text([{ ...one, body: '{ x }' }]), schema, rules)).toThrow(/Operation One: Cannot query/);
  expect(() => readManifest(text([{ ...one }, { ...one }]), schema, rules)).toThrow(/Operation One: Its id is used/);
});
