import { getOperationAST, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { RequestError } from '../domain/errors.js';
import { createArgumentCosts, type Variables } from './argument-cost.js';
import { createEstimate } from './cost-estimate.js';
import { evaluate, measure, type CostPart, type ResultObject } from './cost-terms.js';

export interface CostRequest {
  /** As sent by the client, not coerced. */
  readonly variables: Variables;
  readonly operationName?: string | null | undefined;
}

/** The cost of an operation with the variables of one request. */
export interface RequestCost {
  /**
   * The maximum cost, in values of the response. Every list counts with its maximum size, so nested lists multiply. Aliases
   * and fragments count for each use, arguments by their size, expensive reads by the rows they read.
   */
  readonly requested: number;
  /**
   * The cost of a result: every list counts with its elements, and nothing counts below null. It is at most `requested`,
   * because every list declares its maximum size.
   * A result with errors costs what was requested, because a read that failed may have been expensive.
   */
  actual(result: ExecutedResult): number;
}

interface ExecutedResult {
  readonly data?: ResultObject | null | undefined;
  readonly errors?: readonly unknown[] | undefined;
}

/** The cost of an operation as a function of its variables. */
export interface OperationCost {
  of(variables: Variables): RequestCost;
  /**
   * Rejects a request whose cost may exceed the limit, before its variables are coerced and before it is executed.
   *
   * @throws RequestError BAD_USER_INPUT
   */
  assertAffordable(variables: Variables, maxCost: number): RequestCost;
}

/** @param document validated, so that every field exists and no fragment contains itself */
export function prepareCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationCost {
  let part: CostPart | undefined;

  function of(variables: Variables): RequestCost {
    const type = schema.getRootType(operation.operation) ?? undefined;
    const scope = { type, allTypes: false, isConditional: false };
    const { requested: term, actual: real } = (part ??= createEstimate(schema, document)(
      operation.selectionSet,
      scope,
    ));
    const args = createArgumentCosts(operation, variables);
    const requested = whole(evaluate(term, args, 0));
    return {
      requested,
      actual({ data, errors }) {
        if (data === null || data === undefined || errors !== undefined) return requested;
        return whole(measure(real, args, data));
      },
    };
  }

  return {
    of,
    assertAffordable(variables, maxCost) {
      const cost = of(variables);
      const { requested } = cost;
      if (requested <= maxCost) return cost;
      const message = `The request must cost at most ${maxCost}; it may cost ${requested}. Request smaller pages, fewer fields or shorter arguments. docs/cost.md describes how the cost is computed.`;
      throw new RequestError('BAD_USER_INPUT', message, { details: { cost: requested, maxCost } });
    },
  };
}

/** Averages are fractions. */
function whole(cost: number): number {
  if (Number.isSafeInteger(cost)) return cost;
  return Math.min(Math.ceil(Number(cost.toPrecision(12))), Number.MAX_SAFE_INTEGER);
}

const NOTHING: RequestCost = { requested: 0, actual: () => 0 };

/** The cost of one request. @returns a cost of 0 if there is no such operation */
export function costOf(schema: GraphQLSchema, document: DocumentNode, request: CostRequest): RequestCost {
  const operation = getOperationAST(document, request.operationName);
  return operation === null || operation === undefined
    ? NOTHING
    : prepareCost(schema, document, operation).of(request.variables);
}
