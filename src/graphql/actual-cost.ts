import { getNullableType, isListType, isNonNullType, Kind, type FieldNode, type GraphQLField } from 'graphql';
import { GraphQLIncludeDirective, GraphQLSkipDirective, type SelectionNode } from 'graphql';
import type { ArgumentCosts } from './argument-cost.js';
import { measure, type DependentMeasure, type Measure, type ResultObject } from './cost-terms.js';

export interface FieldMeasure {
  readonly field: FieldNode;
  readonly definition: GraphQLField<unknown, unknown>;
  /** Cost of the field without its selection set. */
  readonly own: number | ((args: ArgumentCosts) => number);
  /** The selection set of one object; of a list of leaf values, of each element. */
  readonly parts: Measure;
  /** Whether the field may be absent from the result. */
  readonly isConditional: boolean;
}

/** The actual cost of a field, as a function of the object of the response that has it. */
export function measureField({ field, definition, own, parts, isConditional }: FieldMeasure): Measure {
  const name = (field.alias ?? field.name).value;
  const below = measureBelow(definition, parts);
  if (!isConditional && typeof below === 'number') {
    return typeof own === 'number' ? own + below : (args) => own(args) + below;
  }
  const ofValue = typeof below === 'number' ? () => below : below;
  return (args, result) => {
    if (isConditional && !Object.hasOwn(result, name)) return 0; // left out by a condition or a type
    return (typeof own === 'number' ? own : own(args)) + ofValue(args, result[name]);
  };
}

type MeasureOfValue = (args: ArgumentCosts, value: unknown) => number;

/** The cost of the selection set of a field; a number if it is the same for every value. */
function measureBelow({ type }: GraphQLField<unknown, unknown>, parts: Measure): number | MeasureOfValue {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return measureList(parts, isNonNullType(nullable.ofType));
  if (parts === 0 || (typeof parts === 'number' && isNonNullType(type))) return parts;
  return (args, value) => (isObject(value) ? measure(parts, args, value) : 0);
}

function measureList(parts: Measure, hasNonNullItems: boolean): MeasureOfValue {
  if (typeof parts === 'number' && hasNonNullItems) return (_args, list) => lengthOf(list) * parts;
  const each: DependentMeasure = typeof parts === 'number' ? () => parts : parts;
  return (args, list) => {
    if (!Array.isArray(list)) return 0;
    let cost = 0;
    for (const element of list as readonly unknown[]) if (isPresent(element)) cost += each(args, element);
    return cost;
  };
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function isObject(value: unknown): value is ResultObject {
  return typeof value === 'object' && value !== null;
}

/** Leaf values count too, by a measure that does not read them. */
function isPresent(element: unknown): element is ResultObject {
  return element !== null && element !== undefined;
}

/** Whether a selection has `@skip` or `@include`. */
export function hasCondition({ directives = [] }: SelectionNode): boolean {
  return directives.some(
    ({ kind, name: { value } }) =>
      kind === Kind.DIRECTIVE && (value === GraphQLSkipDirective.name || value === GraphQLIncludeDirective.name),
  );
}
