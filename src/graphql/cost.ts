import {
  getNamedType,
  getNullableType,
  getOperationAST,
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
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { RequestError } from '../domain/errors.js';
import { pageSize } from '../orders/page.js';
import {
  createArgumentCosts,
  hasVariables,
  NO_VARIABLES,
  type ArgumentCosts,
  type Variables,
} from './argument-cost.js';
import { countFields, fragmentsOf } from './count-fields.js';
import type { CostArguments, FieldCost } from './field-cost.js';
import { introspectionSizes, type IntrospectionSize } from './introspection-cost.js';

export interface CostRequest {
  /** As sent by the client, not coerced. */
  readonly variables: Variables;
  readonly operationName?: string | null | undefined;
}

/** The cost of an operation as a function of its variables. */
export interface OperationCost {
  /**
   * The maximum cost, in values of the response. Every list counts with its maximum size, so nested lists multiply. Aliases
   * and fragments count for each use, arguments by their size, expensive reads by the rows they read.
   */
  of(variables: Variables): number;
  /**
   * Rejects a request whose cost may exceed the limit, before its variables are coerced and before it is executed.
   *
   * @throws RequestError BAD_USER_INPUT
   */
  assertAffordable(variables: Variables, maxCost: number): void;
}

/** Maximum number of fields of an operation. Each alias counts; the fields of a fragment count for each spread. */
const MAX_FIELDS = { root: 100, all: 1_000 } as const;

/** @param document validated, so that every field exists and no fragment contains itself */
export function prepareCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationCost {
  const { own, all } = countFields(operation.selectionSet, fragmentsOf(document));
  let term: Term | undefined;

  function of(variables: Variables): number {
    term ??= createEstimate(schema, document)(operation.selectionSet, rootOf(schema, operation), false);
    const cost = evaluate(term, createArgumentCosts(operation, variables), 0);
    const exact = Number(cost.toPrecision(12)); // averages are fractions
    return Math.min(Math.ceil(exact), Number.MAX_SAFE_INTEGER);
  }

  return {
    of,
    assertAffordable(variables, maxCost) {
      assertFewFields(own, all);
      const cost = of(variables);
      if (cost <= maxCost) return;
      const message = `The request must cost at most ${maxCost}; it may cost ${cost}. Request smaller pages, fewer fields or shorter arguments. docs/cost.md describes how the cost is computed.`;
      throw new RequestError('BAD_USER_INPUT', message, { details: { cost, maxCost } });
    },
  };
}

/** Limits the number of fields as well, because one turn of the event loop resolves many cheap fields. */
function assertFewFields(own: number, all: number): void {
  if (own <= MAX_FIELDS.root && all <= MAX_FIELDS.all) return;
  const [most, where, found] =
    own > MAX_FIELDS.root ? [MAX_FIELDS.root, ' at its root', own] : [MAX_FIELDS.all, '', all];
  const message = `An operation must have at most ${most} fields${where}, including aliases and fragments; it has ${found}.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { maxFields: most } });
}

/** The cost of one request. @returns 0 if there is no such operation */
export function costOf(schema: GraphQLSchema, document: DocumentNode, request: CostRequest): number {
  const operation = getOperationAST(document, request.operationName);
  return operation === null || operation === undefined
    ? 0
    : prepareCost(schema, document, operation).of(request.variables);
}

function rootOf(schema: GraphQLSchema, { operation }: OperationDefinitionNode): GraphQLNamedType | undefined {
  return schema.getRootType(operation) ?? undefined;
}

/** A part of a cost: a number, or a function if it depends on variables or on the page size of the connection around it. */
type Term = number | DependentTerm;

interface DependentTerm {
  readonly usesVariables: boolean;
  /** @param page size of the enclosing connection; 0 outside of a connection */
  readonly of: (args: ArgumentCosts, page: number) => number;
}

function evaluate(term: Term, args: ArgumentCosts, page: number): number {
  return typeof term === 'number' ? term : term.of(args, page);
}

function usesVariables(term: Term): boolean {
  return typeof term !== 'number' && term.usesVariables;
}

function sum(terms: readonly Term[]): Term {
  let fixed = 0;
  const others: DependentTerm[] = [];
  for (const term of terms) {
    if (typeof term === 'number') fixed += term;
    else others.push(term);
  }
  if (others.length === 0) return fixed;
  return {
    usesVariables: others.some(usesVariables),
    of: (args, page) => others.reduce((cost, other) => cost + other.of(args, page), fixed),
  };
}

/** @param allTypes whether the enclosing list contains every type of the schema once, so that averages are exact */
type Estimate = (selections: SelectionSetNode, type: GraphQLNamedType | undefined, allTypes: boolean) => Term;

function createEstimate(schema: GraphQLSchema, document: DocumentNode): Estimate {
  const fragments = fragmentsOf(document);
  const introspection = sizesOf(schema);
  const known = new Map<string, Term>(); // the cost of each fragment

  function ofFragment(name: string, allTypes: boolean): Term {
    const fragment = fragments[name];
    if (fragment === undefined) return 0;
    const key = `${name} ${allTypes}`;
    const type = schema.getType(fragment.typeCondition.name.value);
    const cost = known.get(key) ?? estimate(fragment.selectionSet, type, allTypes);
    known.set(key, cost);
    return cost;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | undefined, allTypes: boolean): Term {
    const definition = definitionOf(field.name.value, parent);
    if (definition === undefined) return 1; // __typename
    const name = `${parent?.name}.${definition.name}`;
    const { own = 1, size } = (definition.extensions['cost'] ?? {}) as FieldCost;
    const needsArguments = typeof own === 'function' || typeof size === 'function' || isConnection(definition);
    const parts =
      field.selectionSet === undefined
        ? Number(isList(definition)) // each element of a list is a value; the cost of another leaf is `own`
        : estimate(field.selectionSet, getNamedType(definition.type), staysInAll(name, allTypes));

    const of: DependentTerm['of'] = (args, page) => {
      const values = needsArguments ? args.valuesOf(field, definition) : {};
      const ownCost = (typeof own === 'function' ? own(values) : own) + args.costOf(field);
      const elements = isList(definition) ? sizeOf(name, size, values, { page, allTypes }) : 1;
      return ownCost + elements * evaluate(parts, args, isConnection(definition) ? pageSizeOf(values) : 0);
    };
    return folded({ usesVariables: hasVariables(field) || usesVariables(parts), of }, size === 'page');
  }

  function sizeOf(name: string, size: FieldCost['size'], values: CostArguments, { page, allTypes }: Scope): number {
    if (size === 'page') return page;
    if (typeof size === 'function') return size(values);
    if (size !== undefined) return size;
    const sizes = introspection.get(name);
    if (sizes === undefined) throw new Error(`the list ${name} declares no size`);
    return allTypes ? sizes.mean : sizes.most;
  }

  const estimate: Estimate = (selections, type, allTypes) =>
    sum(
      selections.selections.map((selection) => {
        if (selection.kind === Kind.FIELD) return ofField(selection, type, allTypes);
        if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value, allTypes);
        const condition = selection.typeCondition;
        return estimate(
          selection.selectionSet,
          condition === undefined ? type : schema.getType(condition.name.value),
          allTypes,
        );
      }),
    );
  return estimate;
}

/** What the size of a list depends on besides its arguments. */
interface Scope {
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
