import { getOperationAST, Kind, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { countFields, fragmentsOf } from '../count-fields.js';
import { MAX_PLANS, PreparedOperation, type Executor } from './prepared-operation.js';

/**
 * Maximum total size of all prepared documents, in characters. A parsed document can take more than a hundred times the
 * memory of its text, and the plan of a field about as much as a few characters, so this limits the memory, not the number
 * of documents.
 */
const MAX_SIZE = 300_000;
const CHARACTERS_OF_A_PLANNED_FIELD = 4;

/** A valid document and its operations, each prepared when it is first executed. */
export class PreparedDocument {
  readonly document: DocumentNode;
  readonly #schema: GraphQLSchema;
  readonly #executor: Executor;
  /** By name; the only operation of a document also by null. */
  readonly #operations = new Map<string | null, PreparedOperation>();

  constructor(schema: GraphQLSchema, document: DocumentNode, executor: Executor) {
    this.#schema = schema;
    this.#executor = executor;
    this.document = document;
  }

  /** @returns null if the document has no such operation, or several and no name is given */
  operation(name: string | null | undefined): PreparedOperation | null {
    const existing = this.#operations.get(name ?? null);
    if (existing !== undefined) return existing;
    const node = getOperationAST(this.document, name) ?? null;
    if (node === null) return null;
    const prepared = new PreparedOperation(this.#schema, this.document, node, this.#executor);
    this.#operations.set(name ?? null, prepared);
    return prepared;
  }

  get size(): number {
    const fragments = fragmentsOf(this.document);
    let fields = 0;
    for (const node of this.document.definitions)
      if (node.kind === Kind.OPERATION_DEFINITION) fields += countFields(node.selectionSet, fragments).all;
    return this.text.length + MAX_PLANS * CHARACTERS_OF_A_PLANNED_FIELD * fields;
  }

  get text(): string {
    return textOf(this.document);
  }
}

function textOf({ loc }: DocumentNode): string {
  return loc?.source.body ?? '';
}

/** The most recently used documents of all transports, by their text. Only valid documents are added. */
export class PreparedDocuments {
  readonly executor: Executor;
  readonly #schema: GraphQLSchema;
  readonly #known = new LRUCache<string, PreparedDocument>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ size }) => Math.min(size, Number.MAX_SAFE_INTEGER),
  });

  /** Never leave the cache. */
  readonly #kept = new Map<string, PreparedDocument>();

  constructor(schema: GraphQLSchema, executor: Executor = 'plan') {
    this.#schema = schema;
    this.executor = executor;
  }

  get(text: string): PreparedDocument | undefined {
    return this.#known.get(text) ?? this.#kept.get(text);
  }

  /** A document that may have left the cache since it was added, or was too large for it. */
  of(document: DocumentNode): PreparedDocument {
    const known = this.get(textOf(document));
    return known?.document === document ? known : new PreparedDocument(this.#schema, document, this.executor);
  }

  /** Prepares a document and its operation for as long as the server runs. */
  keep(document: DocumentNode): PreparedDocument {
    const prepared = new PreparedDocument(this.#schema, document, this.executor);
    prepared.operation(null);
    this.#kept.set(prepared.text, prepared);
    return prepared;
  }

  /** @param document parsed with its location, and validated */
  add(document: DocumentNode): PreparedDocument {
    const prepared = new PreparedDocument(this.#schema, document, this.executor);
    this.#known.set(prepared.text, prepared);
    return prepared;
  }
}
