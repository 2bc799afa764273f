import type { ArgumentCosts } from './argument-cost.js';

/** A part of a requested cost: a number, or a function if it depends on variables or on the page size of the connection around it. */
export type Term = number | DependentTerm;

export interface DependentTerm {
  readonly usesVariables: boolean;
  /** @param page size of the enclosing connection; 0 outside of a connection */
  readonly of: (args: ArgumentCosts, page: number) => number;
}

/** A part of an actual cost: a number, or a function if it depends on variables or on the result. */
export type Measure = number | DependentMeasure;

/** @param result the object of the response that has the field, or the fields */
export type DependentMeasure = (args: ArgumentCosts, result: ResultObject) => number;

export type ResultObject = Readonly<Record<string, unknown>>;

/** The cost of a field or a selection set. */
export interface CostPart {
  /** With the maximum size of each list. */
  readonly requested: Term;
  /** With the elements that each list has, and without the fields below null. */
  readonly actual: Measure;
}

export function evaluate(term: Term, args: ArgumentCosts, page: number): number {
  return typeof term === 'number' ? term : term.of(args, page);
}

export function measure(actual: Measure, args: ArgumentCosts, result: ResultObject): number {
  return typeof actual === 'number' ? actual : actual(args, result);
}

export function usesVariables(term: Term): boolean {
  return typeof term !== 'number' && term.usesVariables;
}

export function sum(parts: readonly CostPart[]): CostPart {
  return {
    requested: sumOfTerms(parts.map(({ requested }) => requested)),
    actual: sumOfMeasures(parts.map(({ actual }) => actual)),
  };
}

function sumOfTerms(terms: readonly Term[]): Term {
  const fixed = fixedSum(terms);
  const others = terms.filter((term) => typeof term !== 'number');
  if (others.length === 0) return fixed;
  return {
    usesVariables: others.some(usesVariables),
    of: (args, page) => others.reduce((cost, other) => cost + other.of(args, page), fixed),
  };
}

/** Most measures are numbers, so that the actual cost is found without a walk of every field. */
function sumOfMeasures(measures: readonly Measure[]): Measure {
  const fixed = fixedSum(measures);
  const others = measures.filter((each) => typeof each !== 'number');
  const [only] = others;
  if (only === undefined) return fixed;
  if (others.length === 1) return (args, result) => fixed + only(args, result);
  return (args, result) => {
    let cost = fixed;
    for (const other of others) cost += other(args, result);
    return cost;
  };
}

function fixedSum(parts: readonly unknown[]): number {
  let fixed = 0;
  for (const part of parts) if (typeof part === 'number') fixed += part;
  return fixed;
}
