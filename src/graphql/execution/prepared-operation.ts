import {
  execute,
  getVariableValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  valueFromASTUntyped,
  visit,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type OperationTypeNode,
} from 'graphql';
import { prepareAuthorization, type AssertAllowed } from '../authorization.js';
import { assertReadable, isReadable } from '../assert-readable.js';
import type { Context } from '../context.js';
import { prepareCost, type OperationCost, type RequestCost } from '../cost.js';
import type { Viewer } from '../../domain/viewer.js';
import { fragmentsOf, type Fragments } from '../count-fields.js';
import type { Variables } from '../argument-cost.js';
import { prepareCoercion, type CoerceVariables } from './coerce-variables.js';
import { executePlan } from './execute-fields.js';
import { planRoot, type ObjectPlan } from './plan.js';

/** Maximum number of plans of an operation: one for each combination of its conditions. */
export const MAX_PLANS = 4;

/** Maximum number of errors of the variables of a request, as in graphql-js. */
const MAX_ERRORS = 50;

export interface OperationRequest {
  readonly rootValue: unknown;
  readonly context: Context;
  /** As `coerceVariables` returned them. */
  readonly variables: Variables;
}

/** How operations are executed: by their plan, or by graphql-js, which looks everything up again. */
export type Executor = 'plan' | 'graphql-js';

/** An operation of a validated document, ready to execute any number of times. */
export class PreparedOperation {
  readonly kind: OperationTypeNode;
  /** Null for an anonymous operation. */
  readonly name: string | null;
  readonly cost: OperationCost;
  /** With the executor graphql-js, it only checks them. */
  readonly coerceVariables: CoerceVariables;
  readonly #assertAllowed: AssertAllowed;
  readonly #executor: Executor;
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  readonly #fragments: Fragments;
  readonly #operation: OperationDefinitionNode;
  /** Names of the variables of `@skip` and `@include`. */
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, ObjectPlan>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, executor: Executor) {
    this.name = operation.name?.value ?? null;
    this.kind = operation.operation;
    this.cost = prepareCost(schema, document, operation);
    this.#assertAllowed = prepareAuthorization(schema, document, operation);
    this.#executor = isPlannable(operation) ? executor : 'graphql-js';
    this.#schema = schema;
    this.#document = document;
    this.#operation = operation;
    this.#fragments = fragmentsOf(document);
    this.#conditions = conditionsOf(document);
    this.coerceVariables =
      this.#executor === 'plan'
        ? prepareCoercion(schema, operation.variableDefinitions)
        : (inputs) => (this.problemsOf(inputs).length === 0 ? inputs : null);
  }

  /**
   * Checks a request before its variables are coerced, whose work grows with the values. The one check of every transport.
   *
   * @param inputs the variables as sent by the client
   * @throws RequestError BAD_USER_INPUT or FORBIDDEN
   */
  admit(viewer: Viewer, inputs: Variables, maxCost: number): RequestCost {
    assertReadable(inputs);
    const cost = this.cost.assertAffordable(inputs, maxCost);
    this.#assertAllowed(viewer, inputs);
    return cost;
  }

  /** The variables that the operation declares. Others are dropped, because a subscription keeps its variables in memory. */
  declaredOf(inputs: Variables): Record<string, unknown> {
    const names = (this.#operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
    const declared = names.filter((name) => Object.hasOwn(inputs, name));
    return Object.fromEntries(declared.map((name) => [name, inputs[name]]));
  }

  /** The errors of variables that `coerceVariables` does not accept. */
  problemsOf(inputs: Variables): readonly GraphQLError[] {
    const definitions = this.#operation.variableDefinitions ?? [];
    return getVariableValues(this.#schema, definitions, inputs, { maxErrors: MAX_ERRORS }).errors ?? [];
  }

  /** Gives the same result with both executors. */
  execute({ rootValue, context, variables }: OperationRequest): ExecutionResult | Promise<ExecutionResult> {
    if (this.#executor === 'graphql-js') {
      const operationName = this.name;
      const [schema, document] = [this.#schema, this.#document];
      return execute({ schema, document, rootValue, contextValue: context, variableValues: variables, operationName });
    }
    return executePlan(() => this.#planFor(variables), this.kind, { rootValue, context, variables });
  }

  #planFor(variables: Variables): ObjectPlan {
    const key = this.#conditions.map((name) => String(variables[name])).join();
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

/** Plans do not check the defaults of variables, and keep variables in objects with a prototype. */
function isPlannable({ variableDefinitions = [] }: OperationDefinitionNode): boolean {
  return variableDefinitions.every(
    ({ variable, defaultValue }) =>
      variable.name.value !== '__proto__' &&
      (defaultValue === undefined || isReadable([valueFromASTUntyped(defaultValue)])),
  );
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
