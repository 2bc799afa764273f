import type { GraphQLResolveInfo } from 'graphql';
import { countFields } from './count-fields.js';

/** Number of values that are executed in one turn of the event loop: about 20 ms of work. */
const VALUES_PER_TURN = 10_000;
/** A call of an asynchronous resolver takes as long as this many values. */
const VALUES_PER_CALL = 20;

let turn: Promise<void> = Promise.resolve();
/** Number of turns that have been scheduled and have not begun. */
let scheduled = 0;
/** Values of the last scheduled turn, or of the current one if none is scheduled. */
let values = 0;

/**
 * Waits for the turn of the event loop in which a resolver may continue. Resolvers of one request become ready at the same
 * time, and would otherwise run in one turn and block all other requests.
 *
 * @param elements number of list elements that the resolver returns
 */
export async function turnFor(elements: number, info: GraphQLResolveInfo): Promise<void> {
  await turnOf(VALUES_PER_CALL + elements * fieldsOf(info));
}

/** The same for a resolver that is about to read. */
export async function turnForCall(): Promise<void> {
  await turnOf(VALUES_PER_CALL);
}

/**
 * Splits a long list, so that its elements are executed in several turns of the event loop.
 *
 * @param elementsOf number of list elements that the element at an index has, itself included
 */
export function inTurns<T>(
  list: readonly T[],
  info: GraphQLResolveInfo,
  elementsOf: (index: number) => number = () => 1,
): (T | Promise<T>)[] {
  const fields = Math.max(1, fieldsOf(info));
  let sum = 0;
  return list.map((element, index) => {
    const count = fields * elementsOf(index);
    sum += count;
    return index === 0 || sum <= VALUES_PER_TURN ? element : turnOf(count).then(() => element);
  });
}

function turnOf(count: number): Promise<void> {
  if (values === 0) setImmediate(endTurn);
  values += count;
  if (values > VALUES_PER_TURN) {
    values = count;
    scheduled += 1;
    turn = turn.then(() => new Promise((resolve) => setImmediate(resolve))).then(beginTurn);
  }
  return turn;
}

function beginTurn(): void {
  scheduled -= 1;
  setImmediate(endTurn);
}

function endTurn(): void {
  if (scheduled === 0) values = 0;
}

function fieldsOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  return fieldNodes.reduce((sum, { selectionSet }) => sum + countFields(selectionSet, fragments).all, 0);
}
