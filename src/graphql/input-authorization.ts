import {
  getNamedType,
  isInputObjectType,
  isInputType,
  typeFromAST,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';
import { hasRights, type Role } from '../domain/viewer.js';
import type { Variables } from './argument-cost.js';
import { requirementOf, type Requirement } from './least-role.js';

/** Finds a field in the variables of a request that a role may not send, whatever its value. */
export type InputCheck = (inputs: Variables) => Requirement | null;

/** Finds a forbidden field in the value of an input object, or in those of a list. */
type Check = (value: unknown) => Requirement | null;

/** @returns null if the role may send every field of every variable */
export function prepareInputCheck(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[] = [],
  role: Role | null,
): InputCheck | null {
  const checkOf = createChecks(role);
  const checks = definitions.flatMap(({ variable, type: node }) => {
    const type = typeFromAST(schema, node);
    const check = isInputType(type) ? checkOf(type) : null;
    return check === null ? [] : [{ name: variable.name.value, check }];
  });
  if (checks.length === 0) return null;
  return (inputs) => {
    for (const { name, check } of checks) {
      const forbidden = check(inputs[name]);
      if (forbidden !== null) return forbidden;
    }
    return null;
  };
}

/** @returns a function that creates the check of a type; null for a type of which the role may send every field */
function createChecks(role: Role | null): (type: GraphQLInputType) => Check | null {
  const known = new Map<GraphQLInputObjectType, Check>();

  function checkOf(type: GraphQLInputType): Check | null {
    const named = getNamedType(type);
    if (!isInputObjectType(named) || !isRestricted(named, role)) return null;
    const existing = known.get(named);
    if (existing !== undefined) return existing;
    const fields: CheckedField[] = [];
    const check: Check = (value) => findForbidden(value, fields);
    known.set(named, check); // before the fields, because input types may contain themselves
    for (const field of Object.values(named.getFields())) {
      const requirement = requirementOf(named, field);
      const forbidden = hasRights(role, requirement.role) ? null : requirement;
      const within = checkOf(field.type);
      if (forbidden !== null || within !== null) fields.push({ name: field.name, forbidden, within });
    }
    return check;
  }
  return checkOf;
}

interface CheckedField {
  readonly name: string;
  readonly forbidden: Requirement | null;
  readonly within: Check | null;
}

/** A value that is not a list is coerced as a list of one, so both are checked alike. */
function findForbidden(value: unknown, fields: readonly CheckedField[]): Requirement | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = findForbidden(item, fields);
      if (found !== null) return found;
    }
    return null;
  }
  for (const { name, forbidden, within } of fields) {
    if (!(name in value)) continue;
    const found = forbidden ?? (within === null ? null : within((value as Variables)[name]));
    if (found !== null) return found;
  }
  return null;
}

/** Whether an input type has, at any depth, a field that the role may not send. */
function isRestricted(root: GraphQLInputObjectType, role: Role | null): boolean {
  const types = new Set([root]);
  for (const type of types) {
    for (const field of Object.values(type.getFields())) {
      if (!hasRights(role, requirementOf(type, field).role)) return true;
      const within = getNamedType(field.type);
      if (isInputObjectType(within)) types.add(within); // the loop includes it
    }
  }
  return false;
}
