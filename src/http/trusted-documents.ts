import { readFile } from 'node:fs/promises';
import type { FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { ManifestError, readManifest } from '../graphql/document-manifest.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { DocumentRules } from '../graphql/read-document.js';
import { StartupError } from '../startup-error.js';

/** How a request identifies its document: by its id, its text, or both. Members may have any type. */
interface DocumentRequest {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

/** The only documents that the server executes. */
export interface TrustedDocuments {
  /** The text of the document that the request identifies; null if it is not trusted. */
  textFor(request: DocumentRequest): string | null;
  /** Replaces the id in an HTTP request by the text. @returns why the request is rejected, or null */
  resolve(request: FastifyRequest): string | null;
}

export const NOT_TRUSTED = 'The server executes only documents of its manifest (TRUSTED_DOCUMENTS); this is not one.';

/**
 * Reads the manifest and prepares its documents, which stay prepared.
 *
 * @throws StartupError if the file cannot be read or has an invalid operation
 */
export async function loadTrustedDocuments(
  file: string,
  documents: PreparedDocuments,
  schema: GraphQLSchema,
  rules: DocumentRules,
): Promise<TrustedDocuments> {
  const texts = new Map<string, string>();
  try {
    const manifest = readManifest(await readFile(file, 'utf8'), schema, rules);
    for (const [id, document] of manifest) texts.set(id, documents.keep(document).text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!(cause instanceof ManifestError) && code === undefined) throw cause;
    throw new StartupError(`TRUSTED_DOCUMENTS ${file} cannot be used.\n${message}`, { cause });
  }
  return createTrustedDocuments(texts);
}

/** @param texts by id */
export function createTrustedDocuments(texts: ReadonlyMap<string, string>): TrustedDocuments {
  const trusted = new Set(texts.values());

  function textFor({ query, documentId, extensions }: DocumentRequest): string | null {
    const id = documentId ?? persistedId(extensions);
    const text = query === undefined || query === null || query === '' ? null : query;
    if (id === undefined) return typeof text === 'string' && trusted.has(text) ? text : null;
    const listed = typeof id === 'string' ? texts.get(id) : undefined;
    return listed === undefined || (text !== null && text !== listed) ? null : listed;
  }

  return {
    textFor,
    resolve(request) {
      if (request.method === 'POST') {
        const body = (request.body ?? {}) as DocumentRequest;
        const query = textFor(body);
        if (query === null) return NOT_TRUSTED;
        const { documentId: _, extensions: __, ...rest } = body;
        request.body = { ...rest, query };
        return null;
      }
      const parameters = new URL(request.url, 'http://localhost').searchParams;
      const { query, documentId, extensions } = Object.fromEntries(parameters);
      const text = textFor({ query, documentId, extensions: parsed(extensions) });
      if (text === null) return NOT_TRUSTED;
      parameters.delete('documentId');
      parameters.delete('extensions');
      parameters.set('query', text);
      request.raw.url = `/graphql?${parameters.toString()}`;
      return null;
    },
  };
}

/** The id in the extension of Apollo Client's persisted queries. */
function persistedId(extensions: unknown): unknown {
  const { persistedQuery } = (extensions ?? {}) as { readonly persistedQuery?: unknown };
  return ((persistedQuery ?? {}) as { readonly sha256Hash?: unknown }).sha256Hash;
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined; // an id that cannot be read is no id
  }
}
