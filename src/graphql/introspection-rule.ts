import { GraphQLError, type ValidationRule } from 'graphql';
import { RequestError } from '../domain/errors.js';

const MESSAGE = 'The server does not answer introspection. Set INTROSPECTION=on to allow it.';

const rejectIntrospection: ValidationRule = (context) => ({
  Field(node) {
    const { value } = node.name;
    if (value !== '__schema' && value !== '__type') return;
    const originalError = new RequestError('INTROSPECTION_DISABLED', MESSAGE);
    context.reportError(new GraphQLError(MESSAGE, { nodes: node, originalError }));
  },
});

/** The validation rules of every transport besides those of the specification. */
export function introspectionRules(isAllowed: boolean): readonly ValidationRule[] {
  return isAllowed ? [] : [rejectIntrospection];
}
