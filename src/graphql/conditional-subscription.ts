import { GraphQLError, Kind, OperationTypeNode, type DocumentNode, type SelectionSetNode } from 'graphql';
import { fragmentsOf, type Fragments } from './count-fields.js';

/**
 * The specification of September 2025 forbids `@skip` and `@include` on the root field of a subscription; graphql-js 16
 * does not check it, and its own rules throw where the condition is a variable.
 *
 * @returns an error for the first such subscription, or null
 */
export function conditionalSubscription(document: DocumentNode): GraphQLError | null {
  const fragments = fragmentsOf(document);
  for (const node of document.definitions) {
    const isSubscription = node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION;
    if (!isSubscription || !isConditional(node.selectionSet, fragments, new Set())) continue;
    return new GraphQLError('The root field of a subscription must not have @skip or @include.', { nodes: node });
  }
  return null;
}

function isConditional({ selections }: SelectionSetNode, fragments: Fragments, seen: Set<string>): boolean {
  return selections.some((selection) => {
    if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include') === true)
      return true;
    if (selection.kind === Kind.FIELD) return false;
    if (selection.kind === Kind.INLINE_FRAGMENT) return isConditional(selection.selectionSet, fragments, seen);
    const fragment = seen.has(selection.name.value) ? undefined : fragments[selection.name.value];
    seen.add(selection.name.value);
    return fragment !== undefined && isConditional(fragment.selectionSet, fragments, seen);
  });
}
