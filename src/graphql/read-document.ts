import {
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { conditionalSubscription } from './conditional-subscription.js';
import { problemOfDocument } from './document-limits.js';
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
  const problem = problemOfDocument(text);
  if (problem !== null) return [withCode(new GraphQLError(problem), 'GRAPHQL_VALIDATION_FAILED')];
  let document;
  try {
    document = parse(text, { maxTokens });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'GRAPHQL_PARSE_FAILED')];
  }
  const conditional = conditionalSubscription(document); // the validation rules of graphql-js throw on it
  const errors = conditional === null ? validated(schema, document, rules) : [conditional];
  return errors.length === 0 ? document : errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
}

/** Cycles of many fragments overflow the stack of graphql-js before it reports them. */
function validated(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[],
): readonly GraphQLError[] {
  try {
    return validate(schema, document, [...specifiedRules, ...rules]);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return [new GraphQLError('The document is too complex to be validated. Its fragments may form a cycle.')];
  }
}
