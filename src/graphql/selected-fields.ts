import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  valueFromASTUntyped,
  type FieldNode,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

type Paths = ReadonlySet<string>;

/** Paths that do not depend on variables, by the fields that a plan passes to each call of a resolver. */
const known = new WeakMap<readonly FieldNode[], Paths>();

/** The longest path that a resolver looks for: `edges.node.items`. */
const MAX_DEPTH = 3;

/** The fields that are selected of what a resolver returns, as paths of names such as `nodes.items`; whatever the aliases. */
export function selectedPaths(info: GraphQLResolveInfo): Paths {
  const { fieldNodes } = info;
  const found = known.get(fieldNodes);
  if (found !== undefined) return found;
  const collected = collectPaths(info);
  if (!collected.hasConditions) known.set(fieldNodes, collected.paths);
  return collected.paths;
}

function collectPaths({ fieldNodes, fragments, variableValues }: GraphQLResolveInfo) {
  const paths = new Set<string>();
  const spreads = new Set<string>(); // each fragment is entered once at a path
  let hasConditions = false;

  function isIncluded(node: SelectionNode): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true;
    hasConditions = true;
    return node.directives.every(({ name, arguments: [condition] = [] }) => {
      const value: unknown = condition === undefined ? null : valueFromASTUntyped(condition.value, variableValues);
      if (name.value === GraphQLSkipDirective.name) return value !== true;
      return name.value !== GraphQLIncludeDirective.name || value !== false; // the executor reports a value that is neither
    });
  }

  function addSelection(selection: SelectionNode, prefix: string, depth: number): void {
    if (!isIncluded(selection)) return;
    switch (selection.kind) {
      case Kind.FIELD:
        paths.add(prefix + selection.name.value);
        if (depth < MAX_DEPTH) addSet(selection.selectionSet, `${prefix}${selection.name.value}.`, depth + 1);
        return;
      case Kind.INLINE_FRAGMENT:
        addSet(selection.selectionSet, prefix, depth);
        return;
      case Kind.FRAGMENT_SPREAD: {
        const spread = `${prefix}${selection.name.value}`;
        if (spreads.has(spread)) return;
        spreads.add(spread);
        addSet(fragments[selection.name.value]?.selectionSet, prefix, depth);
      }
    }
  }

  function addSet(set: SelectionSetNode | undefined, prefix: string, depth: number): void {
    for (const selection of set?.selections ?? []) addSelection(selection, prefix, depth);
  }

  for (const { selectionSet } of fieldNodes) addSet(selectionSet, '', 1);
  return { paths, hasConditions };
}
