import {
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { hasRights, ROLES, type Role } from '../domain/viewer.js';
import type { Policy } from './policy.js';

/** A field that a request uses, and the least role that may use it. */
export interface Requirement {
  /** As `Type.field`. */
  readonly field: string;
  readonly role: Role;
}

type AnyField = GraphQLField<unknown, unknown> | GraphQLInputField;
type TypeWithFields = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType;

/** The extension of a field that has its least role. */
const LEAST_ROLE = 'leastRole';

/** Every role may use introspection. */
const LEAST_ROLE_OF_INTROSPECTION: Role = 'customer';

/** The least role that may use a field of a schema with a policy. */
export function requirementOf(type: GraphQLNamedType, { name, extensions }: AnyField): Requirement {
  const field = `${type.name}.${name}`;
  if (name.startsWith('__') || type.name.startsWith('__')) return { field, role: LEAST_ROLE_OF_INTROSPECTION };
  const role = extensions[LEAST_ROLE] as Role | undefined;
  if (role === undefined) throw new Error(`the field ${field} has no rule`);
  return { field, role };
}

/**
 * Gives each field of the schema its least role, and names it in the description.
 *
 * @throws Error naming each field that does not have exactly one rule, each rule of a field that does not exist, and each
 * field of an interface whose rule is weaker than that of an implementing type
 */
export function applyPolicy(schema: GraphQLSchema, policy: Policy): void {
  const problems = problemsOf(schema, policy);
  if (problems.length > 0) throw new Error(`graphql/policy.ts does not fit the schema. ${problems.join(' ')}`);
  const roles = new Map(rulesOf(policy).map(({ field, role }) => [field, role]));
  for (const type of typesOf(schema)) {
    const fields = Object.values(type.getFields());
    const roleOf = ({ name }: AnyField) => roles.get(`${type.name}.${name}`);
    const isUniform = new Set(fields.map(roleOf)).size === 1; // then the operations that lead to the type say it
    for (const field of fields) {
      const role = roleOf(field);
      field.extensions = { ...field.extensions, [LEAST_ROLE]: role };
      if (role !== 'customer' && !isUniform) field.description = withRole(field.description ?? '', role);
    }
  }
}

function withRole(description: string, role: Role | undefined): string {
  const [first, ...others] = description.split('\n\n');
  return [`${first} Requires the role \`${role}\`.`.trim(), ...others].join('\n\n');
}

function problemsOf(schema: GraphQLSchema, policy: Policy): string[] {
  const types = typesOf(schema);
  const fields = types.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
  const ruled = rulesOf(policy).map(({ field }) => field);
  return [
    ...fields.filter((field) => !ruled.includes(field)).map((field) => `The field ${field} has no rule.`),
    ...ruled.filter((field) => !fields.includes(field)).map((field) => `The field ${field} does not exist.`),
    ...ruled.filter((field, at) => ruled.indexOf(field) < at).map((field) => `The field ${field} has two rules.`),
    ...types.filter(isInterfaceType).flatMap((type) => weakRulesOf(schema, type, policy)),
  ];
}

/** A document may select a field of an interface, so its rule must hold for every type that the object may have. */
function weakRulesOf(schema: GraphQLSchema, type: GraphQLInterfaceType, policy: Policy): string[] {
  const roles = new Map(rulesOf(policy).map(({ field, role }) => [field, role]));
  return schema.getPossibleTypes(type).flatMap((possible) =>
    Object.keys(type.getFields()).flatMap((name) => {
      const [own, needed] = [roles.get(`${type.name}.${name}`), roles.get(`${possible.name}.${name}`)];
      if (own === undefined || needed === undefined || hasRights(own, needed)) return [];
      return `The rule of ${type.name}.${name} is weaker than that of ${possible.name}.${name}.`;
    }),
  );
}

/** The types whose fields have rules: all that a document can use, without those of introspection. */
function typesOf(schema: GraphQLSchema): readonly TypeWithFields[] {
  return Object.values(schema.getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)),
  ) as TypeWithFields[];
}

function rulesOf(policy: Policy): readonly Requirement[] {
  return Object.entries(policy).flatMap(([type, rules]) =>
    ROLES.flatMap((role) => wordsOf(rules[role] ?? '').map((name) => ({ field: `${type}.${name}`, role }))),
  );
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
