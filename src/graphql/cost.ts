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
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { RequestError } from '../domain/errors.js';
import { pageSize } from '../orders/page.js';
import { createArgumentCosts, type ArgumentCosts } from './argument-cost.js';
import { countFields, type Fragments } from './count-fields.js';
import type { CostArguments, FieldCost } from './field-cost.js';
import { introspectionSizes, type IntrospectionSize } from './introspection-cost.js';

export interface CostRequest {
  /** As sent by the client, not coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName?: string | null | undefined;
}

/** Maximum number of fields of an operation. Each alias counts; the fields of a fragment count for each spread. */
const MAX_FIELDS = { root: 100, all: 1_000 } as const;

/**
 * Rejects a request whose cost may exceed the limit, before its variables are coerced and before it is executed.
 *
 * @param document validated, so that every field exists and no fragment contains itself
 * @throws RequestError BAD_USER_INPUT
 */
export function assertAffordable(
  schema: GraphQLSchema,
  document: DocumentNode,
  { maxCost, ...request }: CostRequest & { readonly maxCost: number },
): void {
  const operation = getOperationAST(document, request.operationName);
  if (operation === null || operation === undefined) return; // the executor reports the missing operation
  assertFewFields(operation, document);
  const cost = costOf(schema, document, request);
  if (cost <= maxCost) return;
  const message = `The request must cost at most ${maxCost}; it may cost ${cost}. Request smaller pages, fewer fields or shorter arguments. docs/cost.md describes how the cost is computed.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { cost, maxCost } });
}

/** Limits the number of fields as well, because one turn of the event loop resolves many cheap fields. */
function assertFewFields({ selectionSet }: OperationDefinitionNode, document: DocumentNode): void {
  const { own, all } = countFields(selectionSet, fragmentsOf(document));
  if (own <= MAX_FIELDS.root && all <= MAX_FIELDS.all) return;
  const [most, where, found] =
    own > MAX_FIELDS.root ? [MAX_FIELDS.root, ' at its root', own] : [MAX_FIELDS.all, '', all];
  const message = `An operation must have at most ${most} fields${where}, including aliases and fragments; it has ${found}.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { maxFields: most } });
}

/**
 * The maximum cost of an operation, in values of the response. Every list counts with its maximum size, so nested lists
 * multiply. Aliases and fragments count for each use, arguments by their size, expensive reads by the rows they read.
 *
 * @param document validated
 * @returns 0 if there is no such operation
 */
export function costOf(schema: GraphQLSchema, document: DocumentNode, request: CostRequest): number {
  const operation = getOperationAST(document, request.operationName);
  if (operation === null || operation === undefined) return 0;
  const estimate = createEstimate(schema, document, createArgumentCosts(operation, request.variables));
  const cost = estimate(operation.selectionSet, rootOf(schema, operation), NOWHERE);
  const exact = Number(cost.toPrecision(12)); // averages are fractions
  return Math.min(Math.ceil(exact), Number.MAX_SAFE_INTEGER);
}

function rootOf(schema: GraphQLSchema, { operation }: OperationDefinitionNode): GraphQLNamedType | undefined {
  return schema.getRootType(operation) ?? undefined;
}

/** The context of a selection set on which the sizes of its lists depend. */
interface Scope {
  /** Page size of the enclosing connection; 0 outside of a connection. */
  readonly page: number;
  /** Whether the enclosing list contains every type of the schema once, so that averages are exact. */
  readonly allTypes: boolean;
}

const NOWHERE: Scope = { page: 0, allTypes: false };

type Estimate = (selections: SelectionSetNode, type: GraphQLNamedType | undefined, scope: Scope) => number;

function createEstimate(schema: GraphQLSchema, document: DocumentNode, args: ArgumentCosts): Estimate {
  const fragments = fragmentsOf(document);
  const introspection = sizesOf(schema);
  const known = new Map<string, number>(); // the cost of each fragment in each scope

  function ofFragment(name: string, scope: Scope): number {
    const fragment = fragments[name];
    if (fragment === undefined) return 0;
    const key = `${name} ${scope.page} ${scope.allTypes}`;
    const type = schema.getType(fragment.typeCondition.name.value);
    const cost = known.get(key) ?? estimate(fragment.selectionSet, type, scope);
    known.set(key, cost);
    return cost;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | undefined, scope: Scope): number {
    const definition = definitionOf(field.name.value, parent);
    if (definition === undefined) return 1; // __typename
    const name = `${parent?.name}.${definition.name}`;
    const { own = 1, size } = (definition.extensions['cost'] ?? {}) as FieldCost;
    const needsArguments = typeof own === 'function' || typeof size === 'function' || isConnection(definition);
    const values = needsArguments ? args.valuesOf(field, definition) : {};
    const ownCost = (typeof own === 'function' ? own(values) : own) + args.costOf(field);
    const elements = isList(definition) ? sizeOf(name, size, values, scope) : 1;
    const within = { page: isConnection(definition) ? pageSizeOf(values) : 0, allTypes: staysInAll(name, scope) };
    const parts =
      field.selectionSet === undefined
        ? Number(isList(definition)) // each element of a list is a value; the cost of another leaf is `ownCost`
        : estimate(field.selectionSet, getNamedType(definition.type), within);
    return ownCost + elements * parts;
  }

  function sizeOf(name: string, size: FieldCost['size'], values: CostArguments, { page, allTypes }: Scope): number {
    if (size === 'page') return page;
    if (typeof size === 'function') return size(values);
    if (size !== undefined) return size;
    const sizes = introspection.get(name);
    if (sizes === undefined) throw new Error(`the list ${name} declares no size`);
    return allTypes ? sizes.mean : sizes.most;
  }

  const estimate: Estimate = (selections, type, scope) => {
    let cost = 0;
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) cost += ofField(selection, type, scope);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) cost += ofFragment(selection.name.value, scope);
      else {
        const condition = selection.typeCondition;
        const narrowed = condition === undefined ? type : schema.getType(condition.name.value);
        cost += estimate(selection.selectionSet, narrowed, scope);
      }
    }
    return cost;
  };
  return estimate;
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

function staysInAll(name: string, { allTypes }: Scope): boolean {
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

function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, never>;
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return fragments;
}
