import {
  defaultTypeResolver,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import type { Variables } from '../argument-cost.js';
import { completeAbstract, completeLeaf, completeList, completeNonNull, completeObject } from './complete-value.js';
import type { Complete } from './complete-value.js';
import { prepareArguments, type FieldArguments } from './field-arguments.js';

/** An operation with fixed values of its conditions, the variables of `@skip` and `@include`. */
export interface PlanScope {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly operation: OperationDefinitionNode;
  readonly conditions: Variables;
}

/** The fields of an object type to execute, in the sequence of the response. */
export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** Creates the result, empty. Results of one plan share their hidden class. */
  readonly createResult: () => Record<string, unknown>;
}

/** A field to execute. All that does not depend on the request is looked up once. */
export interface FieldPlan {
  readonly scope: PlanScope;
  readonly responseName: string;
  readonly name: string;
  readonly parentType: GraphQLObjectType;
  readonly returnType: GraphQLOutputType;
  readonly nodes: readonly FieldNode[];
  readonly isNullable: boolean;
  readonly argumentsOf: FieldArguments;
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | null;
  /** The type of a single leaf value that is read from a property; null for all other fields. */
  readonly leaf: GraphQLLeafType | null;
  readonly complete: Complete;
}

export function planRoot(scope: PlanScope): ObjectPlan {
  const { schema, fragments, operation, conditions } = scope;
  const type = schema.getRootType(operation.operation);
  if (type === undefined || type === null) throw new Error(`the schema has no type for a ${operation.operation}`);
  return planObject(scope, type, collectFields(schema, fragments, conditions, type, operation.selectionSet));
}

/** The selection of a field whose type has fields. It is planned for each object type when it first occurs. */
export class SelectionPlan {
  readonly #plans = new Map<GraphQLObjectType, ObjectPlan>();
  readonly #scope: PlanScope;
  readonly #nodes: readonly FieldNode[];

  constructor(scope: PlanScope, nodes: readonly FieldNode[]) {
    this.#scope = scope;
    this.#nodes = nodes;
  }

  /** @throws GraphQLError if a condition of a directive is not valid */
  of(type: GraphQLObjectType): ObjectPlan {
    const existing = this.#plans.get(type);
    if (existing !== undefined) return existing;
    const { schema, fragments, conditions } = this.#scope;
    const plan = planObject(this.#scope, type, collectSubfields(schema, fragments, conditions, type, this.#nodes));
    this.#plans.set(type, plan);
    return plan;
  }
}

function planObject(
  scope: PlanScope,
  type: GraphQLObjectType,
  collected: ReadonlyMap<string, readonly FieldNode[]>,
): ObjectPlan {
  const fields = [...collected].flatMap(([responseName, nodes]) => planField(scope, type, responseName, nodes) ?? []);
  class Result {} // one for each plan, because V8 keeps hidden classes by constructor
  Object.setPrototypeOf(Result.prototype, null); // so that every name may be a response name
  const create = Result as unknown as new () => Record<string, unknown>;
  return { type, fields, createResult: () => new create() };
}

function planField(
  scope: PlanScope,
  parentType: GraphQLObjectType,
  responseName: string,
  nodes: readonly FieldNode[],
): FieldPlan | null {
  const [node] = nodes;
  const definition = node === undefined ? undefined : definitionOf(scope.schema, parentType, node.name.value);
  if (node === undefined || definition === undefined) return null;
  const { name, type: returnType } = definition;
  const resolve = resolverOf(definition) ?? null;
  const single = isNonNullType(returnType) ? returnType.ofType : returnType;
  return {
    scope,
    responseName,
    name,
    parentType,
    returnType,
    nodes,
    isNullable: !isNonNullType(returnType),
    argumentsOf: prepareArguments(definition, node, PLANNED_RESOLVER in definition.extensions),
    resolve,
    leaf: resolve === null && definition.args.length === 0 && isLeafType(single) ? single : null,
    complete: planValue(new SelectionPlan(scope, nodes), returnType),
  };
}

function definitionOf(schema: GraphQLSchema, parentType: GraphQLObjectType, name: string) {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (parentType === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return parentType.getFields()[name];
}

function planValue(selection: SelectionPlan, type: GraphQLOutputType): Complete {
  if (isNonNullType(type)) return completeNonNull(planValue(selection, type.ofType));
  if (isListType(type)) return completeList(planValue(selection, type.ofType), isNonNullType(type.ofType));
  if (isLeafType(type)) return completeLeaf(type);
  if (isAbstractType(type)) return completeAbstract(selection, type, type.resolveType ?? defaultTypeResolver);
  return completeObject(selection, type);
}

/** The extension of a field that has its resolver for plans: without the check of its arguments, which plans make. */
export const PLANNED_RESOLVER = 'plannedResolver';

function resolverOf({ extensions, resolve }: GraphQLField<unknown, unknown>) {
  return (extensions[PLANNED_RESOLVER] as typeof resolve) ?? resolve;
}
