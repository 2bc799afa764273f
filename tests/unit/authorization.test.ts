import { buildSchema, getOperationAST, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import type { RequestError } from '../../src/domain/errors.js';
import type { Role } from '../../src/domain/viewer.js';
import { prepareAuthorization } from '../../src/graphql/authorization.js';
import { applyPolicy } from '../../src/graphql/least-role.js';

/* Which field of a document or of its variables rejects a request for a role. */

const schema = buildSchema(`
  interface Animal { name: String owner: Person }
  type Dog implements Animal { name: String owner: Person bark(how: Sound): String }
  type Person { name: String address: String }
  type Query { dog: Dog animal: Animal find(by: Filter, all: [Filter!], id: ID): Dog audit: String }
  input Filter { name: String secret: String sound: Sound and: [Filter!] raw: Raw }
  input Sound { volume: Int pitch: Int = 1 }
  scalar Raw
`);

applyPolicy(schema, {
  Animal: { customer: 'name owner' },
  Dog: { customer: 'name owner', staff: 'bark' },
  Person: { customer: 'name', staff: 'address' },
  Query: { customer: 'dog animal find', admin: 'audit' },
  Filter: { customer: 'name sound and raw', staff: 'secret' },
  Sound: { customer: 'volume', admin: 'pitch' },
});

/** The field that rejects the request, or null. */
function forbidden(role: Role | 'guest', text: string, variables: object = {}): unknown {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document, null);
  if (operation === null || operation === undefined) throw new Error('the document has no operation');
  const assertAllowed = prepareAuthorization(schema, document, operation);
  const viewer = { issuer: '', subject: 'ann', roles: [role as Role] };
  try {
    assertAllowed(viewer, variables as Record<string, unknown>);
    return null;
  } catch (cause) {
    const { code, details } = cause as RequestError;
    expect(code).toBe('FORBIDDEN');
    return details['field'];
  }
}

test.each([
  ['a field', '{ audit }', 'Query.audit'],
  ['an alias', '{ dog { name: bark } }', 'Dog.bark'],
  [
    'a fragment',
    '{ dog { ...All } } fragment All on Dog { owner { ...Where } } fragment Where on Person { address }',
    'Person.address',
  ],
  ['an inline fragment on an interface', '{ animal { ... on Dog { bark } } }', 'Dog.bark'],
  ['an inline fragment without a type', '{ animal { ... { owner { address } } } }', 'Person.address'],
  ['a field that is skipped', '{ dog { name bark @skip(if: true) } }', 'Dog.bark'],
  ['a field of a literal', '{ find(by: {secret: "x"}) { name } }', 'Filter.secret'],
  ['a field of a literal with the value null', '{ find(by: {secret: null}) { name } }', 'Filter.secret'],
  [
    'a field of a literal in a list',
    '{ find(all: [{name: "x"}, {and: [{sound: {pitch: 2}}]}]) { name } }',
    'Sound.pitch',
  ],
  ['a literal that stands for a list of one', '{ find(all: {and: {secret: "x"}}) { name } }', 'Filter.secret'],
  ['a literal field with a variable', 'query ($s: String) { find(by: {secret: $s}) { name } }', 'Filter.secret'],
  ['the default of a variable', 'query ($by: Filter = {secret: "x"}) { find(by: $by) { name } }', 'Filter.secret'],
] as const)('%s that the role may not use rejects the request', (_what, text, field) => {
  expect(forbidden('customer', text)).toBe(field);
  expect(forbidden('admin', text)).toBe(null);
});

const FIND = 'query ($by: Filter, $all: [Filter!], $id: ID) { find(by: $by, all: $all, id: $id) { name } }';
const ALLOWED = { name: 'x', raw: { secret: 1 }, and: [{ name: 'y', sound: { volume: 1 } }] };

test.each([
  ['a value', { by: { secret: 'x' } }, 'Filter.secret'],
  ['null', { by: { secret: null } }, 'Filter.secret'],
  ['a nested value', { by: { and: [{ and: [{ sound: { pitch: 1 } }] }] } }, 'Sound.pitch'],
  ['a value in a list', { all: [{}, { secret: 'x' }] }, 'Filter.secret'],
  ['a value in place of a list', { all: { and: { secret: 'x' } } }, 'Filter.secret'],
  ['allowed fields', { by: ALLOWED, all: [ALLOWED], id: 'secret' }, null],
  ['a variable that the operation does not declare', { other: { secret: 'x' } }, null],
  ['values of wrong types', { by: 'secret', all: [null, 1, ['secret']], id: { secret: 1 } }, null],
] as const)('a variable with %s is checked by its declared type', (_what, variables, field) => {
  expect(forbidden('customer', FIND, variables)).toBe(field);
  expect(forbidden('admin', FIND, variables)).toBe(null);
});

test('a stronger role has the rights of the weaker ones, and no known role has none', () => {
  expect(forbidden('staff', '{ dog { bark owner { address } } }')).toBe(null);
  expect(forbidden('staff', '{ dog { name } audit }')).toBe('Query.audit');
  expect(forbidden('guest', '{ dog { name } }')).toBe('Query.dog');
  expect(forbidden('guest', '{ __typename }')).toBe('Query.__typename');
  expect(forbidden('guest', '{ __schema { types { name } } }')).toBe('Query.__schema');
  expect(forbidden('customer', '{ __typename __schema { types { name } } }')).toBe(null);
});

test('the decision for one role does not apply to another', () => {
  const document = parse('{ audit }');
  const operation = getOperationAST(document, null);
  if (operation === null || operation === undefined) throw new Error('the document has no operation');
  const assertAllowed = prepareAuthorization(schema, document, operation);
  const viewerOf = (role: Role) => ({ issuer: '', subject: null, roles: [role] });
  for (const _time of [1, 2]) {
    expect(() => assertAllowed(viewerOf('admin'), {})).not.toThrow();
    expect(() => assertAllowed(viewerOf('staff'), {})).toThrow(
      'Query.audit requires at least the role admin; the role of the request is staff.',
    );
  }
});
