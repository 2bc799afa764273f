import { Kind, valueFromASTUntyped, type FieldNode, type OperationDefinitionNode, type ValueNode } from 'graphql';
import type { GraphQLField } from 'graphql';
import { CHARACTERS_OF_A_VALUE, type CostArguments } from './field-cost.js';

/** Cost of a value in an input object or list: it is coerced, converted and checked on each use. */
const INPUT_VALUE_COST = 5;

export type Variables = Readonly<Record<string, unknown>>;

/** The arguments of fields and their cost, with the variables of one request. */
export interface ArgumentCosts {
  /** The arguments of a field, including defaults of variables and arguments. */
  valuesOf(field: FieldNode, definition: GraphQLField<unknown, unknown>): CostArguments;
  /** The cost of the arguments of a field. The cost of a variable is computed once and counts for each use. */
  costOf(field: FieldNode): number;
}

/** Whether the arguments of a field contain a variable. */
export function hasVariables({ arguments: args = [] }: FieldNode): boolean {
  return args.some(({ value }) => isVariable(value));
}

/** Whether a value is a variable or contains one. */
export function isVariable(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(isVariable);
  if (node.kind === Kind.OBJECT) return node.fields.some(({ value }) => isVariable(value));
  return node.kind === Kind.VARIABLE;
}

/** What declares variables. */
type Declaring = Pick<OperationDefinitionNode, 'variableDefinitions'>;

export function createArgumentCosts(operation: Declaring, given: Variables): ArgumentCosts {
  const variables = withDefaults(operation, given);
  const weighed = new Map<string, number>();

  function ofVariable(name: string): number {
    const known = weighed.get(name);
    if (known !== undefined) return known;
    const cost = ofValue(variables[name]);
    weighed.set(name, cost);
    return cost;
  }

  function ofNode(node: ValueNode): number {
    if (node.kind === Kind.VARIABLE) return ofVariable(node.name.value);
    if (node.kind === Kind.STRING) return ofText(node.value);
    if (node.kind === Kind.LIST) return ofParts(node.values);
    return node.kind === Kind.OBJECT ? ofParts(node.fields.map(({ value }) => value)) : 0;
  }

  function ofParts(parts: readonly ValueNode[]): number {
    return parts.reduce((sum, part) => sum + INPUT_VALUE_COST + ofNode(part), 0);
  }

  return {
    costOf: ({ arguments: args = [] }) => args.reduce((sum, { value }) => sum + ofNode(value), 0),
    valuesOf({ arguments: args = [] }, definition) {
      const values: Record<string, unknown> = {};
      for (const { name, defaultValue } of definition.args) values[name] = defaultValue;
      for (const { name, value } of args) {
        const isMissing = value.kind === Kind.VARIABLE && !Object.hasOwn(variables, value.name.value);
        if (!isMissing) values[name.value] = valueFromASTUntyped(value, variables);
      }
      return values;
    },
  };
}

/** For arguments without variables. */
export const NO_VARIABLES = createArgumentCosts({}, {});

function withDefaults({ variableDefinitions = [] }: Declaring, given: Variables): Variables {
  if (variableDefinitions.every(({ defaultValue }) => defaultValue === undefined)) return given;
  const values: Record<string, unknown> = { ...given };
  for (const { variable, defaultValue } of variableDefinitions) {
    const name = variable.name.value;
    if (defaultValue !== undefined && given[name] === undefined) values[name] = valueFromASTUntyped(defaultValue);
  }
  return values;
}

function ofValue(value: unknown): number {
  if (typeof value === 'string') return ofText(value);
  if (typeof value !== 'object' || value === null) return 0;
  let cost = 0;
  for (const part of Object.values(value)) cost += INPUT_VALUE_COST + ofValue(part);
  return cost;
}

function ofText(text: string): number {
  return Math.floor(text.length / CHARACTERS_OF_A_VALUE);
}
