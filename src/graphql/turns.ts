import type { GraphQLResolveInfo } from 'graphql';
import { countFields } from './count-fields.js';

/** About how many values of lists are answered in one turn of the event loop: some 20 ms of work. */
const VALUES_OF_A_TURN = 10_000;

let turn: Promise<void> = Promise.resolve();
let values = 0;

/**
 * Waits for the turn of the event loop in which a list is answered. Lists that were read together would otherwise be
 * answered together, and a page of a hundred orders with all of their items would stop every other request meanwhile.
 */
export async function turnFor(elements: number, { fieldNodes, fragments }: GraphQLResolveInfo): Promise<void> {
  const fields = fieldNodes.reduce((sum, { selectionSet }) => sum + countFields(selectionSet, fragments).all, 0);
  values += elements * fields;
  if (values > VALUES_OF_A_TURN) {
    values = elements * fields;
    turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
  }
  await turn;
}
