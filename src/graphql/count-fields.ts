import { Kind, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

export interface FieldCount {
  /** Directly in the selection set. */
  readonly own: number;
  /** With those of all selection sets within. */
  readonly all: number;
}

const NONE: FieldCount = { own: 0, all: 0 };

/** Selection sets are counted once for each parsed document. */
const known = new WeakMap<SelectionSetNode, FieldCount>();

/** How many fields a selection set has; those of a fragment count at each spread. Fragments contain no cycles. */
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
