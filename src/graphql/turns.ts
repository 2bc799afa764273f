import type { GraphQLResolveInfo } from 'graphql';
import { countFields } from './count-fields.js';

/** Maximum number of list values to resolve in one turn of the event loop; about 20 ms of work. */
const VALUES_OF_A_TURN = 10_000;

let turn: Promise<void> = Promise.resolve();
let values = 0;

/**
 * Waits for the turn of the event loop in which a list is resolved. Lists that were read in one batch would otherwise be
 * resolved in one turn, and a page of a hundred orders with all items would block all other requests.
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
