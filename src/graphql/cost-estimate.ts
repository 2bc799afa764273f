import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { RequestError } from '../domain/errors.js';
import { pageSize } from '../orders/page.js';
import { hasCondition, measureField } from './actual-cost.js';
import { hasVariables, NO_VARIABLES, type ArgumentCosts } from './argument-cost.js';
import { evaluate, sum, usesVariables, type CostPart, type DependentTerm, type Term } from './cost-terms.js';
import { fragmentsOf } from './count-fields.js';
import type { CostArguments, FieldCost } from './field-cost.js';
import { introspectionSizes, type IntrospectionSize } from './introspection-cost.js';

/** The cost of a selection set as a function of variables and, for the actual cost, of the result. */
export type Estimate = (selections: SelectionSetNode, scope: SelectionScope) => CostPart;

/** Where a selection set is. */
export interface SelectionScope {
  readonly type: GraphQLNamedType | undefined;
  /** Whether the enclosing list contains every type of the schema once, so that averages are exact. */
  readonly allTypes: boolean;
  /** Whether its fields may be absent from the result. */
  readonly isConditional: boolean;
}

export function createEstimate(schema: GraphQLSchema, document: DocumentNode): Estimate {
  const fragments = fragmentsOf(document);
  const introspection = sizesOf(schema);
  const known = new Map<string, CostPart>(); // the cost of each fragment

  function ofFragment(name: string, scope: SelectionScope): CostPart {
    const fragment = fragments[name];
    if (fragment === undefined) return NOTHING;
    const type = schema.getType(fragment.typeCondition.name.value);
    const within = { ...scope, type, isConditional: scope.isConditional || isNarrowed(scope.type, type) };
    const key = `${name} ${within.allTypes} ${within.isConditional}`;
    const cost = known.get(key) ?? estimate(fragment.selectionSet, within);
    known.set(key, cost);
    return cost;
  }

  function ofField(field: FieldNode, { type: parent, allTypes, isConditional }: SelectionScope): CostPart {
    const definition = definitionOf(field.name.value, parent);
    if (definition === undefined) return TYPENAME;
    const name = `${parent?.name}.${definition.name}`;
    const { own = 1, size } = (definition.extensions['cost'] ?? {}) as FieldCost;
    const needsArguments = typeof own === 'function' || typeof size === 'function' || isConnection(definition);
    const type = getNamedType(definition.type);
    const parts =
      field.selectionSet === undefined
        ? leaf(Number(isList(definition))) // each element of a list is a value; the cost of another leaf is `own`
        : estimate(field.selectionSet, { type, allTypes: staysInAll(name, allTypes), isConditional: false });

    const ownOf = (args: ArgumentCosts, values: CostArguments) =>
      (typeof own === 'function' ? own(values) : own) + args.costOf(field);
    const of: DependentTerm['of'] = (args, page) => {
      const values = needsArguments ? args.valuesOf(field, definition) : {};
      const elements = isList(definition) ? sizeOf(name, size, values, { page, allTypes }) : 1;
      const pageOf = isConnection(definition) ? pageSizeOf(values) : 0;
      return ownOf(args, values) + elements * evaluate(parts.requested, args, pageOf);
    };
    const realOwn = (args: ArgumentCosts) => ownOf(args, needsArguments ? args.valuesOf(field, definition) : {});
    const fixed = hasVariables(field) ? realOwn : realOwn(NO_VARIABLES);
    return {
      requested: folded({ usesVariables: hasVariables(field) || usesVariables(parts.requested), of }, size === 'page'),
      actual: measureField({ field, definition, own: fixed, parts: parts.actual, isConditional }),
    };
  }

  function sizeOf(name: string, size: FieldCost['size'], values: CostArguments, { page, allTypes }: ListScope): number {
    if (size === 'page') return page;
    if (typeof size === 'function') return size(values);
    if (size !== undefined) return size;
    const sizes = introspection.get(name);
    if (sizes === undefined) throw new Error(`the list ${name} declares no size`);
    return allTypes ? sizes.mean : sizes.most;
  }

  function ofSelection(selection: SelectionNode, outer: SelectionScope): CostPart {
    const scope = { ...outer, isConditional: outer.isConditional || hasCondition(selection) };
    if (selection.kind === Kind.FIELD) return ofField(selection, scope);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value, scope);
    const { typeCondition, selectionSet } = selection;
    const type = typeCondition === undefined ? scope.type : schema.getType(typeCondition.name.value);
    const isConditional = scope.isConditional || isNarrowed(scope.type, type);
    return estimate(selectionSet, { ...scope, type, isConditional });
  }

  const estimate: Estimate = (selections, scope) =>
    sum(selections.selections.map((selection) => ofSelection(selection, scope)));
  return estimate;
}

function leaf(cost: number): CostPart {
  return { requested: cost, actual: cost };
}

const NOTHING = leaf(0);
const TYPENAME = leaf(1);

/** Whether a fragment on `type` may not apply to a value of the type around it. */
function isNarrowed(around: GraphQLNamedType | undefined, type: GraphQLNamedType | undefined): boolean {
  return around !== type && !isObjectType(around);
}

/** What the size of a list depends on besides its arguments. */
interface ListScope {
  readonly page: number;
  readonly allTypes: boolean;
}

/** Replaces a term that depends on nothing by its value. */
function folded(term: DependentTerm, usesPage: boolean): Term {
  if (term.usesVariables || usesPage) return term;
  try {
    return term.of(NO_VARIABLES, 0);
  } catch (cause) {
    if (cause instanceof RequestError) return term; // the size of a page is not valid: rejected with each request
    throw cause;
  }
}

function definitionOf(name: string, parent: GraphQLNamedType | undefined): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

function isList({ type }: GraphQLField<unknown, unknown>): boolean {
  return isListType(getNullableType(type));
}

function isConnection({ args }: GraphQLField<unknown, unknown>): boolean {
  return args.some(({ name }) => name === 'first');
}

/** The lists of introspection that together contain every type, field and argument of the schema once. */
const ALL_ONCE = new Set(['__Type.fields', '__Type.inputFields', '__Type.enumValues', '__Field.args']);

function staysInAll(name: string, allTypes: boolean): boolean {
  return name === '__Schema.types' || (allTypes && ALL_ONCE.has(name));
}

/**
 * The size of a page. A size beyond the limits rejects the whole request here; otherwise it would fail once for each place of
 * the page in the response. A value of another type is rejected when it is coerced.
 */
function pageSizeOf({ first, last }: CostArguments): number {
  const [front, back] = [first, last].map((size) => (typeof size === 'number' ? size : null));
  return pageSize({ first: front, last: back }).size;
}

const introspectionOf = new WeakMap<GraphQLSchema, ReadonlyMap<string, IntrospectionSize>>();

function sizesOf(schema: GraphQLSchema): ReadonlyMap<string, IntrospectionSize> {
  const known = introspectionOf.get(schema) ?? introspectionSizes(schema);
  introspectionOf.set(schema, known);
  return known;
}
