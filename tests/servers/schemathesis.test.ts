import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, print, visit, type FieldDefinitionNode, type InputValueDefinitionNode, type NameNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { REQUEST_ERRORS } from '../../src/domain/errors.js';
import type { Role } from '../../src/domain/viewer.js';
import { policyOf } from '../../src/graphql/policy.js';
import { createClient } from '../support/client.js';
import { usedDataDir } from '../support/embedded.js';
import { createdOrder } from '../support/order-requests.js';
import { startProcess, temporaryFolder } from '../support/process.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

const VERSION = '4.32.0';
/** Number of random requests of each role. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 2_000) / 2;
/** A failed run is repeated with its seed. */
const SEED = process.env['FUZZ_SEED'] ?? String(Date.now() % 1_000_000);
const ORDERS = 30;
/** In `hooks.py`. */
const CHECK = 'answers_are_masked';
const CODES = [
  ...Object.keys(REQUEST_ERRORS).filter((code) => code !== 'CANCELLED'),
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
];

const isInstalled = versionOf('schemathesis').includes(VERSION);

function versionOf(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

test('CI has schemathesis', () => {
  expect(isInstalled || process.env['CI'] !== 'true').toBe(true);
});

describe.skipIf(!isInstalled)('random documents', () => {
  test.each(['customer', 'admin'] as const)('get no 5xx and no unexpected error as %s', async (role) => {
    const env = { ...AUTH_ENV, ALLOW_CUSTOMER_PRICES: 'true', RATE_LIMIT: 'off', DATA_DIR: await usedDataDir() };
    const server = await startProcess(env);
    const token = await signToken({ sub: 'ann', roles: [role], expiresIn: 7_200 });
    const client = createClient(server.url, token);
    const orders = await Promise.all(
      Array.from({ length: ORDERS }, (_, index) =>
        createdOrder(client, { customerId: 'ann', externalReference: `reference-${index}` }),
      ),
    );
    const report = await fuzz(server.url, { role, token, known: await knownValues(client, orders) });
    await client.dispose();
    const [, generated = '0', passed = '0'] = /(\d+) generated, (\d+) passed/.exec(report.output) ?? [];
    process.stdout.write(`${role}: ${generated} requests, seed ${SEED}\n`);
    if (report.code !== 0) process.stdout.write(report.output);
    expect(report.code).toBe(0);
    expect(passed).toBe(generated);
    expect(Number(generated)).toBeGreaterThanOrEqual(CASES);
    expect(server.output()).not.toContain('"level":50');
  });
});

/** Values of arguments by which requests reach stored orders. */
async function knownValues(client: ReturnType<typeof createClient>, orders: readonly { readonly id: string }[]) {
  const ids = orders.map(({ id }) => id);
  const { orders: page } = await client.get<{ orders: { edges: { cursor: string; node: { number: string } }[] } }>(
    '{ orders { edges { cursor node { number } } } }',
  );
  const cursors = page.edges.map(({ cursor }) => cursor);
  return {
    id: [...ids, `item:${ids[0]}:1`, `event:${ids[0]}:1`, 'customer:ann'],
    orderId: ids,
    number: page.edges.map(({ node }) => node.number),
    customerId: ['ann'],
    externalReference: ['reference-1', 'reference-2'],
    after: cursors,
    before: cursors,
    first: [0, 1, 20],
    last: [1, 20],
    limit: [1, 10_000],
    expectedVersion: [1, 2],
    quantity: [1, 3],
  };
}

interface FuzzRun {
  readonly role: Role;
  readonly token: string;
  readonly known: Readonly<Record<string, readonly (string | number)[]>>;
}

/** Runs schemathesis against the server. */
async function fuzz(url: string, { role, token, known }: FuzzRun) {
  const folder = await temporaryFolder();
  const schema = path.join(folder, 'schema.graphql');
  const text = schemaOf(role);
  await writeFile(schema, text);
  const perOperation = Math.ceil(CASES / countOperations(text));
  const child = spawn(
    'schemathesis',
    [
      'run',
      schema,
      `--url=${url}`,
      `--header=Authorization: Bearer ${token}`,
      '--phases=fuzzing',
      `--checks=${CHECK}`,
      `--max-examples=${perOperation}`,
      `--seed=${SEED}`,
      '--no-color',
      '--suppress-health-check=all',
      '--generation-database=none',
      '--no-shrink',
      '--continue-on-failure',
    ],
    {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONPATH: path.resolve('tests/servers/schemathesis'),
        SCHEMATHESIS_HOOKS: 'hooks',
        FUZZ_KNOWN: JSON.stringify(known),
        FUZZ_CODES: JSON.stringify(CODES),
        FUZZ_SEED: SEED,
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

interface TypeNode {
  readonly name: NameNode;
  readonly fields?: readonly (FieldDefinitionNode | InputValueDefinitionNode)[];
}

/** The schema without what a customer may not use, which would only be rejected as FORBIDDEN. */
function schemaOf(role: Role): string {
  const schema = parse(readFileSync('schema.graphql', 'utf8'));
  if (role === 'admin') return print(schema);
  const rules = policyOf({ customerPrices: true });
  const allowed = (type: string) => (rules[type]?.customer ?? '').split(/\s+/);
  const withoutForbidden = <T extends TypeNode>(node: T) => {
    const fields = (node.fields ?? []).filter(({ name }) => allowed(node.name.value).includes(name.value));
    return fields.length === 0 ? null : { ...node, fields };
  };
  return print(
    visit(schema, {
      ObjectTypeDefinition: withoutForbidden,
      InterfaceTypeDefinition: withoutForbidden,
      InputObjectTypeDefinition: withoutForbidden,
    }),
  );
}

/** Schemathesis sends queries and mutations only. */
function countOperations(schema: string): number {
  let count = 0;
  visit(parse(schema), {
    ObjectTypeDefinition({ name, fields = [] }) {
      if (name.value === 'Query' || name.value === 'Mutation') count += fields.length;
    },
  });
  return count;
}
