import type { DocumentNode } from 'graphql';

/**
 * Most characters of all kept documents together. A parsed document may hold more than a hundred times the bytes of its
 * text, so what bounds the memory is the length of the texts, not their number.
 */
const MAX_CHARACTERS = 300_000;

/** Keeps the parsed documents that were used last. One that is dropped is parsed again when it comes again. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  #characters = 0;

  get(key: string): DocumentNode | undefined {
    const document = this.#documents.get(key);
    if (document === undefined) return undefined;
    this.#documents.delete(key); // set again, so that the map is in the order of use
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
