import 'reflect-metadata';
import { buildSchema, OperationTypeNode, printSchema, type GraphQLSchema } from 'graphql';
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { createRandom, type Random } from '../support/random.js';
import {
  expectSameResult,
  prepare,
  useUnhandledRejections,
  type Environment,
} from '../support/sameness/both-executors.js';
import { randomDocument } from '../support/sameness/random-document.js';
import { rootOf, setResolvers, type ResolverStyle } from '../support/sameness/world.js';

const DOCUMENTS = Number(process.env['SAMENESS_DOCUMENTS'] ?? 600);
const FIRST_SEED = process.env['FC_SEED'] === 'random' ? randomInt(2 ** 30) : 20_261_121;

function withResolvers(schema: GraphQLSchema, style: ResolverStyle): GraphQLSchema {
  setResolvers(schema, style);
  return schema;
}

const SCHEMAS = [
  withResolvers(createSchema(), 'properties'),
  withResolvers(createSchema(), 'resolvers'),
  withResolvers(createSchema(), 'both'),
  withResolvers(buildSchema(printSchema(createSchema())), 'both'), // its scalars accept every value
];
const { QUERY, MUTATION, SUBSCRIPTION } = OperationTypeNode;

const unhandled = useUnhandledRejections();

/** The shares of invalid variables of the executions of a document. */
const EXECUTIONS = [0, 0, 0, 0, 0, 0.05, 0.2];

test('random documents have the data and errors of graphql-js', async () => {
  const counts = { documents: DOCUMENTS, valid: 0, executed: 0, rejectedVariables: 0, errors: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + DOCUMENTS; seed += 1) {
    const random = createRandom(seed);
    const schema = random.pick(SCHEMAS);
    const operation = random.pick([QUERY, QUERY, MUTATION, SUBSCRIPTION]);
    const document = randomDocument(schema, random, { operation, depth: random.pick([2, 3, 5]) });
    const prepared = prepare(schema, document);
    if (prepared === null) continue;
    counts.valid += 1;
    for (const invalid of EXECUTIONS) {
      const errors = new Map<number, unknown>();
      const environment = environments(schema, operation, random, errors);
      const sharedErrors = () => [...errors.values()].filter((error) => error instanceof Error);
      const comparison = { variables: document.variables(invalid), environment, sharedErrors };
      const outcome = await expectSameResult(prepared, comparison, unhandled);
      counts.errors += outcome.errors;
      if (outcome.isExecuted) counts.executed += 1;
      else counts.rejectedVariables += 1;
    }
  }
  process.stdout.write(`sameness, seed ${FIRST_SEED}: ${JSON.stringify(counts)}\n`);
  expect(counts.executed).toBeGreaterThan(4 * DOCUMENTS);
  expect(counts.errors).toBeGreaterThan(DOCUMENTS);
  expect(counts.rejectedVariables).toBeGreaterThan(DOCUMENTS / 4);
}, 1_200_000);

function environments(
  schema: GraphQLSchema,
  operation: OperationTypeNode,
  random: Random,
  errors: Map<number, unknown>,
): () => Environment {
  const type = schema.getRootType(operation);
  if (type === undefined || type === null) throw new Error(`no type for a ${operation}`);
  const settings = { schema, seed: random.whole(2 ** 31), wrong: random.pick([0, 1, 5, 15]), errors };
  return () => {
    const world = { ...settings };
    return { context: world, rootValue: rootOf(world, type) };
  };
}
