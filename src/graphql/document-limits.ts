import { Lexer, parse, Source, TokenKind, type DocumentNode } from 'graphql';
import { conditionalSubscription } from './conditional-subscription.js';
import { problemOfStructure } from './structure-limits.js';

/** Maximum nesting of brackets. graphql-js parses and validates recursively, so the depth must be limited. */
const MAX_DEPTH = 200;

const OPENING = new Set([TokenKind.BRACE_L, TokenKind.PAREN_L, TokenKind.BRACKET_L]);
const CLOSING = new Set([TokenKind.BRACE_R, TokenKind.PAREN_R, TokenKind.BRACKET_R]);

/** Maximum characters of a document. A parsed document is cached and takes about a hundred times as many bytes. */
const MAX_LENGTH = 100_000;
/** Maximum number of lines and comments. The parser keeps each comment and counts lines to locate an error. */
const MAX_LINES = 1_000;

/**
 * Why a document must not be validated, or null if it may be. The one definition of the limits of documents, for every
 * transport. Known documents have passed it. Returns null for a text with a syntax error, which the parser reports.
 *
 * @param maxTokens maximum number of lexical tokens, which the parser checks
 */
export function problemOfDocument(text: string, maxTokens: number): string | null {
  const problem = problemOfText(text);
  if (problem !== null) return problem;
  let document: DocumentNode;
  try {
    document = parse(text, { noLocation: true, maxTokens });
  } catch {
    return null;
  }
  return problemOfParsed(document);
}

/** The same for the parsed form of a text that `problemOfText` has passed. */
export function problemOfParsed(document: DocumentNode): string | null {
  return problemOfStructure(document) ?? conditionalSubscription(document)?.message ?? null;
}

/** Why a text must not be parsed, or null if it may be. */
export function problemOfText(text: string): string | null {
  if (text.length > MAX_LENGTH) {
    return `The document must have at most ${MAX_LENGTH} characters; it has ${text.length}. Send large values as variables.`;
  }
  const lines = text.match(/\r\n|[\n\r#]/g)?.length ?? 0;
  if (lines > MAX_LINES) return `The document must have at most ${MAX_LINES} lines and comments; it has ${lines}.`;
  return problemOfDepth(text);
}

/** A document with few brackets needs no lexer. */
function problemOfDepth(text: string): string | null {
  if (countOpening(text) <= MAX_DEPTH || depthOf(text) <= MAX_DEPTH) return null;
  return `The document must be nested at most ${MAX_DEPTH} levels deep.`;
}

function countOpening(text: string): number {
  return text.match(/[{([]/g)?.length ?? 0;
}

/** The depth up to the end of the document or the first syntax error, which the parser reports. */
function depthOf(text: string): number {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  let deepest = 0;
  for (let kind = nextKind(lexer); kind !== TokenKind.EOF; kind = nextKind(lexer)) {
    if (OPENING.has(kind)) depth += 1;
    else if (CLOSING.has(kind)) depth -= 1;
    deepest = Math.max(deepest, depth);
    if (deepest > MAX_DEPTH) return deepest;
  }
  return deepest;
}

function nextKind(lexer: Lexer): TokenKind {
  try {
    return lexer.advance().kind;
  } catch {
    return TokenKind.EOF; // a syntax error also ends the parser
  }
}
