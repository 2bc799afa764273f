import { getOperationAST, Kind, parse, type FieldNode, type GraphQLResolveInfo } from 'graphql';
import { expect, test } from 'vitest';
import { inTurns, turnFor } from '../../src/graphql/turns.js';

/** The argument of a list resolver for a selection of this number of fields. */
function selecting(fields: number): GraphQLResolveInfo {
  const names = Array.from({ length: fields }, (_, index) => `f${index}`).join(' ');
  const operation = getOperationAST(parse(`{ list { ${names} } }`));
  const fieldNodes = operation?.selectionSet.selections.filter((node): node is FieldNode => node.kind === Kind.FIELD);
  return { fieldNodes, fragments: {} } as unknown as GraphQLResolveInfo;
}

test('long lists read together are resolved in separate turns of the event loop', async () => {
  const seen: string[] = [];
  const other = () => {
    seen.push('other');
    if (seen.length < 100) setImmediate(other);
  };
  await turnFor(1, selecting(10_000)); // ends the turn of an earlier test
  const lists = ['a', 'b', 'c', 'd'].map(async (name) => {
    await turnFor(100, selecting(80));
    seen.push(name);
  });
  setImmediate(other);
  await Promise.all(lists);
  const order = seen.join(' ');
  expect(order).toMatch(/a other.* b other.* c other.* d/);
});

test('a list with many fields per element is resolved in several turns of the event loop', async () => {
  await turnFor(1, selecting(10_000));
  let others = 0;
  const other = () => {
    others += 1;
    if (others < 1_000) setImmediate(other);
  };
  setImmediate(other);
  const list = Array.from({ length: 100 }, (_, index) => index);
  const parts = inTurns(list, selecting(1_000)); // ten elements in each turn
  const othersAt = await Promise.all(parts.map(async (part) => [await part, others] as const));
  expect(othersAt.map(([element]) => element)).toEqual(list);
  expect(new Set(othersAt.map(([, count]) => count)).size).toBeGreaterThanOrEqual(9);
  expect(inTurns(list, selecting(10))).toEqual(list); // a short list is not split
});

test('short lists share a turn', async () => {
  await turnFor(1, selecting(10_000));
  await turnFor(1, selecting(1)); // starts a turn
  let others = 0;
  setImmediate(() => {
    others += 1;
  });
  await Promise.all(Array.from({ length: 100 }, async () => turnFor(5, selecting(10))));
  expect(others).toBe(0);
});

test('a list is split by the elements of its elements', async () => {
  await turnFor(1, selecting(10_000));
  const parts = inTurns(['a', 'b', 'c', 'd'], selecting(100), (index) => [40, 60, 1, 200][index] ?? 0);
  expect(parts.map((part) => part instanceof Promise)).toEqual([false, false, true, true]);
  expect(await Promise.all(parts.map(async (part) => part))).toEqual(['a', 'b', 'c', 'd']);
});
