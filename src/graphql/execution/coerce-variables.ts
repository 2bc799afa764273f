import {
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';
import type { Variables } from '../argument-cost.js';

/** Coerces the variables of one operation. @returns null if a value is not valid; graphql-js then reports the errors */
export type CoerceVariables = (inputs: Variables) => Variables | null;

/** Marks a value that cannot be coerced. */
const INVALID = Symbol('invalid');

type Coerce = (value: unknown) => unknown;

/** Prepares the coercion of the variables of an operation, so that their types are looked up once. */
export function prepareCoercion(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[] = [],
): CoerceVariables {
  const coercions = definitions.map((definition) => prepareVariable(schema, definition));
  return (inputs) => {
    const coerced: Record<string, unknown> = {};
    for (const coerce of coercions) if (!coerce(inputs, coerced)) return null;
    return coerced;
  };
}

/** Coerces one variable into `coerced`. @returns whether it is valid */
type CoerceVariable = (inputs: Variables, coerced: Record<string, unknown>) => boolean;

function prepareVariable(schema: GraphQLSchema, definition: VariableDefinitionNode): CoerceVariable {
  const name = definition.variable.name.value;
  const type = typeFromAST(schema, definition.type);
  if (!isInputType(type)) return () => false;
  const coerce = prepareType(type);
  const { defaultValue } = definition;
  return (inputs, coerced) => {
    if (!Object.hasOwn(inputs, name)) {
      if (defaultValue === undefined) return !isNonNullType(type);
      coerced[name] = valueFromAST(defaultValue, type);
      return true;
    }
    const value = coerce(inputs[name]);
    if (value === INVALID) return false;
    coerced[name] = value;
    return true;
  };
}

/** One coercion for each type; input types may contain themselves. */
const known = new WeakMap<object, Coerce>();

function prepareType(type: GraphQLInputType): Coerce {
  const existing = known.get(type);
  if (existing !== undefined) return existing;
  const itself: { coerce: Coerce } = { coerce: () => INVALID };
  known.set(type, (value) => itself.coerce(value));
  itself.coerce = coercionOf(type);
  known.set(type, itself.coerce);
  return itself.coerce;
}

function coercionOf(type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const inner = prepareType(type.ofType);
    return (value) => (value === null || value === undefined ? INVALID : inner(value));
  }
  if (isListType(type)) return coercionOfList(prepareType(type.ofType));
  if (isInputObjectType(type)) return coercionOfObject(type);
  return (value) => {
    if (value === null || value === undefined) return null;
    try {
      const parsed: unknown = type.parseValue(value);
      return parsed === undefined ? INVALID : parsed;
    } catch {
      return INVALID; // graphql-js parses it again and reports the error
    }
  };
}

/** A value that is not a list is coerced as a list of one. */
function coercionOfList(coerceItem: Coerce): Coerce {
  return (value) => {
    if (value === null || value === undefined) return null;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const coerced: unknown[] = [];
    for (const item of list) {
      const result = coerceItem(item);
      if (result === INVALID) return INVALID;
      coerced.push(result);
    }
    return coerced;
  };
}

function coercionOfObject(type: GraphQLInputObjectType): Coerce {
  if (type.isOneOf) return () => INVALID;
  const names = new Set(Object.keys(type.getFields()));
  const fields = Object.values(type.getFields()).map(({ name, type: ofField, defaultValue }) => ({
    name,
    defaultValue,
    isRequired: isNonNullType(ofField),
    coerce: prepareType(ofField),
  }));
  return (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value !== 'object' || Array.isArray(value)) return INVALID;
    const given = value as Variables;
    for (const name of Object.keys(given)) if (!names.has(name)) return INVALID;
    const coerced: Record<string, unknown> = {};
    for (const { name, defaultValue, isRequired, coerce } of fields) {
      const input = given[name];
      if (input === undefined) {
        if (defaultValue !== undefined) coerced[name] = defaultValue;
        else if (isRequired) return INVALID;
        continue;
      }
      const result = coerce(input);
      if (result === INVALID) return INVALID;
      coerced[name] = result;
    }
    return coerced;
  };
}
