/** A document that must be rejected before anything is read. */
export interface HostileDocument {
  readonly name: string;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The code of the error. */
  readonly code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED' | 'BAD_USER_INPUT';
  /** The same attack as a subscription, where a query would be rejected on a websocket for being one. */
  readonly subscription?: string;
}

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

const nested = (levels: number, open: string, inner: string) => `${open.repeat(levels)}${inner}${'}'.repeat(levels)}`;

const orderOf = (fields: string) => `{ order(id: "x") { ${fields} } }`;
const eventOf = (fields: string, variables = '') => `subscription ${variables} { orderStatusChanged { ${fields} } }`;

const cycleOf = (count: number) =>
  `{ ...F0 } ${times(count, (i) => `fragment F${i} on Query { ...F${(i + 1) % count} }`)}`;

const PAGES = nested(3, 'customer { orders(first: 100) { nodes { ', 'id').replaceAll('}', '} } }');

const VALIDATION = 'GRAPHQL_VALIDATION_FAILED';
const INPUT = 'BAD_USER_INPUT';

/** Rejected by the parser or the limits of documents, with the same code on every transport. */
const STRUCTURES: readonly HostileDocument[] = [
  { name: 'selections nested 1,000 deep', query: nested(1_000, '{ a ', ''), code: VALIDATION },
  { name: 'unclosed selections', query: '{a'.repeat(2_000), code: VALIDATION },
  { name: 'lists nested 2,000 deep', query: `{ order(id: ${'['.repeat(2_000)}) { id } }`, code: VALIDATION },
  { name: 'objects nested 1,000 deep', query: `{ a(b: ${nested(1_000, '{a:', '1')}) { id } }`, code: VALIDATION },
  { name: 'fields nested 60 deep', query: nested(60, '{ order(id: "x") ', '{ id }'), code: VALIDATION },
  {
    name: 'inline fragments nested 60 deep',
    query: `{ ${nested(60, '... on Query { ', '__typename')} }`,
    code: VALIDATION,
  },
  { name: 'an alias flood at the root', query: `{ ${times(300, (i) => `a${i}: __typename`)} }`, code: VALIDATION },
  { name: 'an alias flood below the root', query: orderOf(times(300, (i) => `a${i}: id`)), code: VALIDATION },
  { name: 'a flood of root fields', query: `{ ${times(150, () => 'order(id: "x") { id }')} }`, code: VALIDATION },
  { name: 'a flood of fields', query: orderOf('id '.repeat(1_001)), code: VALIDATION },
  { name: 'a fragment that contains itself', query: cycleOf(1), code: VALIDATION },
  { name: 'a cycle of two fragments', query: cycleOf(2), code: VALIDATION },
  { name: 'a cycle of 90 fragments', query: cycleOf(90), code: VALIDATION },
  { name: 'a cycle of 400 fragments', query: cycleOf(400), code: VALIDATION },
  {
    name: 'a fragment bomb',
    query: `{ ...F0 } ${times(40, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F40 on Query { __typename }`,
    code: VALIDATION,
  },
  {
    name: 'a chain of 99 fragments',
    query: `{ ...F0 } ${times(99, (i) => `fragment F${i} on Query { ...F${i + 1} }`)} fragment F99 on Query { __typename }`,
    code: VALIDATION,
  },
  {
    name: 'a flood of fragments',
    query: `{ ${times(300, (i) => `...F${i}`)} } ${times(300, (i) => `fragment F${i} on Query { __typename }`)}`,
    code: VALIDATION,
  },
  { name: 'a flood of operations', query: times(300, (i) => `query Q${i} { __typename }`), code: VALIDATION },
  {
    name: 'a directive flood on one field',
    query: `{ __typename ${'@skip(if: false) '.repeat(500)} }`,
    code: VALIDATION,
  },
  { name: 'a flood of unknown directives', query: `{ __typename ${times(2_000, (i) => `@d${i}`)} }`, code: VALIDATION },
  {
    name: 'a directive flood over the document',
    query: orderOf(times(300, () => 'id @include(if: true)')),
    code: VALIDATION,
  },
  { name: 'a token bomb', query: `{ ${'a '.repeat(6_000)} }`, code: 'GRAPHQL_PARSE_FAILED' },
  { name: 'a comment flood', query: `${'#\n'.repeat(5_000)}{ __typename }`, code: VALIDATION },
  { name: 'a line flood', query: `${'\n'.repeat(50_000)}{ __typename }`, code: VALIDATION },
  { name: 'a comma flood', query: `{ __typename ${','.repeat(100_000)} }`, code: VALIDATION },
  { name: 'a document of 200 KB', query: `{ order(id: "${'x'.repeat(200_000)}") { id } }`, code: VALIDATION },
  { name: 'a long name', query: `{ ${'a'.repeat(50_000)}: __typename }`, code: VALIDATION },
  { name: 'a long unknown name', query: `{ ${'o'.repeat(50_000)} }`, code: VALIDATION },
  { name: 'conflicting fields', query: orderOf(times(99, (i) => `a: ${i % 2 ? 'id' : 'number'}`)), code: VALIDATION },
  {
    name: 'conflicting fields in fragments',
    query: `${orderOf(times(99, (i) => `...F${i}`))} ${times(99, (i) => `fragment F${i} on Order { a: items { ${i % 2 ? 'b: id' : 'b: name'} } }`)}`,
    code: VALIDATION,
  },
  {
    name: 'overlapping fields',
    query: `{ ${times(100, () => `order(id: "x") { ${'total { amount } '.repeat(5)} }`)} }`,
    code: VALIDATION,
  },
  { name: 'unused variables', query: `query (${times(1_200, (i) => `$v${i}: Int`)}) { __typename }`, code: VALIDATION },
  {
    name: 'circular introspection',
    query: `{ __type(name: "Query") ${nested(60, '{ ofType ', '{ name }')} }`,
    code: VALIDATION,
  },
  {
    name: 'wide introspection',
    query: '{ __schema { types { fields { type { fields { type { fields { name args { name } } } } } } } } }',
    code: VALIDATION,
  },
  { name: 'control characters', query: '{ \u0000\u0007 __typename }', code: 'GRAPHQL_PARSE_FAILED' },
  { name: 'an unclosed text', query: `{ order(id: "${'\\u0041'.repeat(5_000)}`, code: 'GRAPHQL_PARSE_FAILED' },
  {
    name: 'several subscriptions in one',
    query: `subscription { ${times(50, (i) => `a${i}: orderStatusChanged { version }`)} }`,
    code: VALIDATION,
  },
];

const WHERE = '($where: String)';
const WATCH = `subscription ${WHERE} { orderStatusChanged(customerId: $where) { version } }`;
const FIND = `query ($where: String!) { orderByNumber(number: $where) { id } }`;

/** Rejected for their cost or their values. */
const VALUES: readonly HostileDocument[] = [
  { name: 'nested pages', query: orderOf(PAGES), subscription: eventOf(`order { ${PAGES} }`), code: INPUT },
  {
    name: 'many exact counts',
    query: `{ ${times(75, (i) => `a${i}: orders(first: 0) { totalCount }`)} }`,
    subscription: eventOf(times(75, (i) => `a${i}: order { customer { orders(first: 0) { totalCount } } }`)),
    code: INPUT,
  },
  {
    name: 'many pages of one event',
    query: `{ ${times(20, (i) => `a${i}: orders(first: 100) { nodes { items { name quantity } } }`)} }`,
    subscription: eventOf(
      times(
        100,
        (i) => `a${i}: order { items { name quantity } history(first: 100) { nodes { changedFields changedFields } } }`,
      ),
    ),
    code: INPUT,
  },
  {
    name: 'a page of 101',
    query: '{ orders(first: 101) { nodes { id } } }',
    subscription: eventOf('order { history(first: 101) { nodes { id } } }'),
    code: INPUT,
  },
  {
    name: 'a page of -1',
    query: '{ orders(last: -1) { nodes { id } } }',
    subscription: eventOf('order { history(last: -1) { nodes { id } } }'),
    code: INPUT,
  },
  {
    name: 'a page of 2,000,000,000 by a variable',
    query: 'query ($n: Int) { orders(first: $n) { nodes { id } } }',
    subscription: eventOf('order { history(first: $n) { nodes { id } } }', '($n: Int)'),
    variables: { n: 2_000_000_000 },
    code: INPUT,
  },
  {
    name: 'nodes of 10,000 ids',
    query: 'query ($where: [ID!]!) { nodes(ids: $where) { id } }',
    subscription: WATCH,
    variables: { where: Array.from({ length: 10_000 }, () => 'x') },
    code: INPUT,
  },
  {
    name: 'a list of 10,001 entries',
    query: FIND,
    subscription: WATCH,
    variables: { where: Array.from({ length: 10_001 }, () => 1) },
    code: INPUT,
  },
  { name: 'a text of 60 KB', query: FIND, subscription: WATCH, variables: { where: 'x'.repeat(60_000) }, code: INPUT },
  {
    name: 'an object of 3,000 keys',
    query: FIND,
    subscription: WATCH,
    variables: { where: Object.fromEntries(Array.from({ length: 3_000 }, (_, key) => [key, key])) },
    code: INPUT,
  },
  {
    name: 'values nested 500 deep',
    query: FIND,
    subscription: WATCH,
    variables: { where: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown },
    code: INPUT,
  },
  { name: 'a NUL character', query: FIND, subscription: WATCH, variables: { where: 'a\0b' }, code: INPUT },
  { name: 'an unpaired surrogate', query: FIND, subscription: WATCH, variables: { where: '\uD800' }, code: INPUT },
  {
    name: 'an unpaired surrogate in a key',
    query: FIND,
    subscription: WATCH,
    variables: { where: { '\uDC00': 1 } },
    code: INPUT,
  },
];

export const HOSTILE_DOCUMENTS: readonly HostileDocument[] = [...STRUCTURES, ...VALUES];
