import { Lexer, Source, TokenKind } from 'graphql';

/** Levels of brackets within each other. graphql-js parses and validates recursively, so the depth must be bounded. */
const MAX_DEPTH = 200;

const OPENING = new Set([TokenKind.BRACE_L, TokenKind.PAREN_L, TokenKind.BRACKET_L]);
const CLOSING = new Set([TokenKind.BRACE_R, TokenKind.PAREN_R, TokenKind.BRACKET_R]);

/** Why a document must not be parsed, or null where it may. Documents with few brackets are not read further. */
export function problemOfDepth(text: string): string | null {
  if (countOpening(text) <= MAX_DEPTH || depthOf(text) <= MAX_DEPTH) return null;
  return `The document is nested more than ${MAX_DEPTH} levels deep.`;
}

function countOpening(text: string): number {
  return text.match(/[{([]/g)?.length ?? 0;
}

/** The depth up to the end or the first syntax error, which the parser reports. */
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
    return TokenKind.EOF; // a syntax error, which ends the parser as well
  }
}
