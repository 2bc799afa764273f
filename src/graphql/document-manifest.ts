import { createHash } from 'node:crypto';
import {
  Kind,
  parse,
  print,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { z } from 'zod';
import { readDocument, type DocumentRules } from './read-document.js';

const FORMAT = 'apollo-persisted-query-manifest';

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  operations: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string().min(1),
      type: z.enum(['query', 'mutation', 'subscription']),
      body: z.string().min(1),
    }),
  ),
});

/** The operations that clients may run, in the format of Apollo's persisted query manifests. */
export type DocumentManifest = z.output<typeof manifestSchema>;
type ManifestOperation = DocumentManifest['operations'][number];

/** An operation that the manifest must not contain, or a file that is not a manifest. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Creates the manifest of all operations in the files. Fragments are shared by all files. The result depends on the
 * definitions only, not on their files, order and layout.
 *
 * @throws ManifestError that lists every problem
 */
export function createManifest(
  files: readonly SourceFile[],
  schema: GraphQLSchema,
  rules: DocumentRules,
): DocumentManifest {
  const problems: string[] = [];
  const operations = new Map<string, OperationDefinitionNode>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const file of files) {
    for (const node of definitionsOf(file, problems)) {
      const isOperation = node.kind === Kind.OPERATION_DEFINITION;
      if (!isOperation && node.kind !== Kind.FRAGMENT_DEFINITION) {
        problems.push(`${file.name}: A document contains operations and fragments only.`);
        continue;
      }
      const name = node.name?.value;
      if (name === undefined) problems.push(`${file.name}: Every operation needs a name.`);
      else if ((isOperation ? operations : fragments).has(name))
        problems.push(`${file.name}: The name ${name} is used more than once.`);
      else if (isOperation) operations.set(name, node);
      else fragments.set(name, node);
    }
  }
  const listed = [...operations.values()].map((node) => operationOf(node, fragments));
  problems.push(...listed.flatMap((operation) => problemsOf(operation, schema, rules)));
  if (problems.length > 0) throw new ManifestError(problems.join('\n'));
  return { format: FORMAT, version: 1, operations: listed.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function definitionsOf({ name, text }: SourceFile, problems: string[]): DocumentNode['definitions'] {
  try {
    return parse(text, { noLocation: true }).definitions;
  } catch (cause) {
    problems.push(`${name}: ${(cause as Error).message}`);
    return [];
  }
}

function operationOf(
  node: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ManifestOperation {
  const used = new Map<string, FragmentDefinitionNode>();
  collectFragments(node, fragments, used);
  const sorted = [...used.keys()].toSorted().flatMap((name) => used.get(name) ?? []);
  const body = print({ kind: Kind.DOCUMENT, definitions: [node, ...sorted] });
  const id = createHash('sha256').update(body).digest('hex');
  return { id, name: node.name?.value ?? '', type: node.operation, body };
}

/** Adds the fragments that the node uses, directly or by other fragments. */
function collectFragments(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  used: Map<string, FragmentDefinitionNode>,
): void {
  visit(node, {
    FragmentSpread({ name: { value } }) {
      const fragment = fragments.get(value);
      if (fragment === undefined || used.has(value)) return;
      used.set(value, fragment);
      collectFragments(fragment, fragments, used);
    },
  });
}

function problemsOf({ name, body }: ManifestOperation, schema: GraphQLSchema, rules: DocumentRules): string[] {
  const document = readDocument(schema, body, rules);
  return 'kind' in document ? [] : document.map(({ message }) => `Operation ${name}: ${message}`);
}

/**
 * Reads a manifest and its documents, which must be valid.
 *
 * @returns the documents by their ids
 * @throws ManifestError that lists every problem
 */
export function readManifest(
  text: string,
  schema: GraphQLSchema,
  rules: DocumentRules,
): ReadonlyMap<string, DocumentNode> {
  const documents = new Map<string, DocumentNode>();
  const problems: string[] = [];
  for (const { id, name, body } of parseManifest(text).operations) {
    const document = readDocument(schema, body, rules);
    if (documents.has(id)) problems.push(`Operation ${name}: Its id is used more than once.`);
    else if ('kind' in document) documents.set(id, document);
    else problems.push(...document.map(({ message }) => `Operation ${name}: ${message}`));
  }
  if (problems.length > 0) throw new ManifestError(problems.join('\n'));
  return documents;
}

function parseManifest(text: string): DocumentManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError('The manifest is not JSON.', { cause });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new ManifestError(`The manifest does not have the format ${FORMAT}, version 1: ${path} ${issue?.message}.`);
}
