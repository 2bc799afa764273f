import {
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { problemOfParsed, problemOfText } from './document-limits.js';
import { toGraphQLError, withCode } from './errors.js';

export interface DocumentRules {
  readonly maxTokens: number;
  /** Besides those of the specification. */
  readonly rules: readonly ValidationRule[];
}

/** Parses and validates a document within the limits. @returns the document, or why it is rejected */
export function readDocument(
  schema: GraphQLSchema,
  text: string,
  { maxTokens, rules }: DocumentRules,
): DocumentNode | readonly GraphQLError[] {
  const problem = problemOfText(text);
  if (problem !== null) return [beyondLimit(problem)];
  let document;
  try {
    document = parse(text, { maxTokens });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'GRAPHQL_PARSE_FAILED')];
  }
  const tooLarge = problemOfParsed(document);
  if (tooLarge !== null) return [beyondLimit(tooLarge)];
  const errors = validate(schema, document, [...specifiedRules, ...rules]);
  return errors.length === 0 ? document : errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
}

function beyondLimit(problem: string): GraphQLError {
  return withCode(new GraphQLError(problem), 'GRAPHQL_VALIDATION_FAILED');
}
