import type { DocumentNode } from 'graphql';

/**
 * Maximum total length of all cached documents, in characters. A parsed document can take more than a hundred times the
 * memory of its text, so the total length limits the memory, not the number of documents.
 */
const MAX_CHARACTERS = 300_000;

/** Caches the most recently used parsed documents. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  #characters = 0;

  get(key: string): DocumentNode | undefined {
    const document = this.#documents.get(key);
    if (document === undefined) return undefined;
    this.#documents.delete(key); // reinserted, so that the map is ordered by use
    this.#documents.set(key, document);
    return document;
  }

  set(key: string, document: DocumentNode): void {
    this.delete(key);
    this.#documents.set(key, document);
    this.#characters += lengthOf(document);
    for (const oldest of this.#documents.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const document = this.#documents.get(key);
    if (document === undefined) return;
    this.#documents.delete(key);
    this.#characters -= lengthOf(document);
  }
}

function lengthOf({ loc }: DocumentNode): number {
  return loc?.source.body.length ?? 0;
}
