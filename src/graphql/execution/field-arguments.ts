import {
  getArgumentValues,
  isNonNullType,
  Kind,
  valueFromAST,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type ValueNode,
} from 'graphql';
import { isVariable } from '../argument-cost.js';
import { assertReadable, isReadable } from '../assert-readable.js';
import type { Variables } from '../argument-cost.js';

/** The arguments of a field for the variables of one request. @throws GraphQLError if an argument is not valid */
export type FieldArguments = (variables: Variables) => Record<string, unknown>;

/** Fills one argument. @returns false if graphql-js has to decide, and report the error */
type FillArgument = (args: Record<string, unknown>, variables: Variables) => boolean;

/**
 * Prepares the arguments of a field, so that literals are read once and variables are only copied. The variables have been
 * checked by `assertReadable`; literals are checked here.
 *
 * @param isGuarded whether the arguments of the field have to be readable; those of introspection do not
 */
export function prepareArguments(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  isGuarded: boolean,
): FieldArguments {
  const decidedByGraphql: FieldArguments = (variables) => {
    const args = getArgumentValues(field, node, variables);
    if (isGuarded) assertReadable(args);
    return args;
  };
  const fills: FillArgument[] = [];
  for (const argument of field.args) {
    const given = node.arguments?.find(({ name }) => name.value === argument.name)?.value;
    const fill = prepareArgument(argument, given);
    if (fill === null) return decidedByGraphql;
    fills.push(fill);
  }
  return (variables) => {
    const args: Record<string, unknown> = {};
    for (const fill of fills) if (!fill(args, variables)) return decidedByGraphql(variables);
    return args;
  };
}

function prepareArgument(argument: GraphQLArgument, given: ValueNode | undefined): FillArgument | null {
  const { name, type } = argument;
  const isRequired = isNonNullType(type);
  if (given === undefined) return fillDefault(argument);
  if (given.kind === Kind.VARIABLE) {
    const variable = given.name.value;
    const orDefault = fillDefault(argument);
    return (args, variables) => {
      if (!Object.hasOwn(variables, variable)) return orDefault(args, variables);
      const value = variables[variable];
      if (isRequired && (value === null || value === undefined)) return false;
      args[name] = value;
      return true;
    };
  }
  if (isVariable(given)) return null;
  const value = valueFromAST(given, type);
  if (value === undefined || !isReadable({ [name]: value })) return null;
  return (args) => {
    args[name] = value;
    return true;
  };
}

function fillDefault({ name, type, defaultValue }: GraphQLArgument): FillArgument {
  const isRequired = isNonNullType(type);
  return (args) => {
    if (defaultValue === undefined) return !isRequired;
    args[name] = defaultValue;
    return true;
  };
}
