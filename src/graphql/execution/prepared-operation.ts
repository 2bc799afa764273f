import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  visit,
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Context } from '../context.js';
import { prepareCoercion, type CoerceVariables, type Variables } from './coerce-variables.js';
import { executePlan } from './execute-fields.js';
import { planRoot, type ObjectPlan } from './plan.js';

/** Maximum number of plans of an operation: one for each combination of its conditions. */
export const MAX_PLANS = 4;

export interface OperationRequest {
  readonly rootValue: unknown;
  readonly context: Context;
  /** Coerced. */
  readonly variables: Variables;
}

/** An operation of a validated document, ready to execute any number of times. */
export class PreparedOperation {
  readonly coerceVariables: CoerceVariables;
  readonly #schema: GraphQLSchema;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #operation: OperationDefinitionNode;
  /** Names of the variables of `@skip` and `@include`. */
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, ObjectPlan>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.#operation = operation;
    this.#fragments = fragmentsOf(document);
    this.#conditions = conditionsOf(document);
    this.coerceVariables = prepareCoercion(schema, operation.variableDefinitions);
  }

  /** Gives the same result as `execute` of graphql-js. */
  execute({ rootValue, context, variables }: OperationRequest): ExecutionResult | Promise<ExecutionResult> {
    const { operation } = this.#operation;
    return executePlan(() => this.#planFor(variables), operation, { rootValue, context, variables });
  }

  #planFor(variables: Variables): ObjectPlan {
    const values = this.#conditions.map((name) => variables[name]);
    const key = values.length === 0 ? '' : JSON.stringify(values);
    const existing = this.#plans.get(key);
    if (existing !== undefined) return existing;
    const conditions = Object.fromEntries(
      this.#conditions.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]),
    );
    const scope = { schema: this.#schema, fragments: this.#fragments, operation: this.#operation, conditions };
    const plan = planRoot(scope);
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }
}

function fragmentsOf({ definitions }: DocumentNode): Readonly<Record<string, FragmentDefinitionNode>> {
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const node of definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return fragments;
}

const CONDITIONAL = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name]);

function conditionsOf(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: args = [] }) {
      if (!CONDITIONAL.has(name.value)) return;
      for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
