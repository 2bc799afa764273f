import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Whether at least one of the fields is selected of what a resolver returns; by name, whatever the alias. */
export function selectsAny(info: GraphQLResolveInfo, names: ReadonlySet<string>): boolean {
  const { fieldNodes, fragments, variableValues } = info;
  const isIncluded = (node: SelectionNode) =>
    getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false;
  const selects = (selection: SelectionNode): boolean => {
    if (!isIncluded(selection)) return false;
    switch (selection.kind) {
      case Kind.FIELD:
        return names.has(selection.name.value);
      case Kind.INLINE_FRAGMENT:
        return isSelectedIn(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD:
        return isSelectedIn(fragments[selection.name.value]?.selectionSet);
    }
  };
  const isSelectedIn = (set: SelectionSetNode | undefined): boolean => set?.selections.some(selects) ?? false;
  return fieldNodes.some(({ selectionSet }) => isSelectedIn(selectionSet));
}
