import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

export function fragmentsOf({ definitions }: DocumentNode): Fragments {
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const node of definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return fragments;
}

export interface FieldCount {
  /** Fields directly in the selection set. */
  readonly own: number;
  /** All fields, including nested selection sets. */
  readonly all: number;
}

const NONE: FieldCount = { own: 0, all: 0 };

/** Caches the counts, so that each parsed document is counted once. */
const known = new WeakMap<SelectionSetNode, FieldCount>();

/** Counts the fields of a selection set. The fields of a fragment count for each spread. Fragments must not have cycles. */
export function countFields(selections: SelectionSetNode | undefined, fragments: Fragments): FieldCount {
  if (selections === undefined) return NONE;
  const count = known.get(selections) ?? sumFields(selections, fragments);
  known.set(selections, count);
  return count;
}

function sumFields(selections: SelectionSetNode, fragments: Fragments): FieldCount {
  let own = 0;
  let all = 0;
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FIELD) {
      own += 1;
      all += 1 + countFields(selection.selectionSet, fragments).all;
    } else {
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const within = isSpread ? fragments[selection.name.value]?.selectionSet : selection.selectionSet;
      const count = countFields(within, fragments);
      own += count.own;
      all += count.all;
    }
  }
  return { own, all };
}
