import { BREAK, Kind, visit, type ASTNode, type DocumentNode, type SelectionSetNode } from 'graphql';
import { countFields, fragmentsOf, type Fragments } from './count-fields.js';

/** Maximums of a document, and of each operation in it. */
const MAX = {
  operations: 50,
  fragments: 100,
  variables: 250,
  /** Nesting of selection sets; a fragment spread is a level too. */
  selectionDepth: 50,
  aliases: 200,
  directives: 200,
  directivesOfLocation: 10,
  /** Characters of a name. Response names are repeated in every element of a list. */
  name: 128,
  /** Fields of an operation. Each alias counts; the fields of a fragment count for each spread. */
  rootFields: 100,
  /** Also limits the work of one turn of the event loop, which resolves many cheap fields. */
  fields: 1_000,
} as const;

/**
 * Why a parsed document must not be validated, or null if it may be. The rules of graphql-js overflow the stack on long
 * cycles and chains of fragments, and take quadratic time on overlapping fields.
 */
export function problemOfStructure(document: DocumentNode): string | null {
  const census = takeCensus(document);
  const tooMany = countProblem(census);
  if (tooMany !== null) return tooMany;
  const cyclic = fragmentsInCycles(census.spreads);
  if (cyclic.length > 0) {
    const names = `${cyclic.slice(0, MAX_NAMED).join(', ')}${cyclic.length > MAX_NAMED ? ', …' : ''}`;
    return `A fragment must not contain itself, directly or through other fragments: ${names}.`;
  }
  const fragments = fragmentsOf(document);
  if (isTooDeep(document, fragments)) {
    return `Selections must be nested at most ${MAX.selectionDepth} levels deep, including fragments.`;
  }
  return problemOfFields(document, fragments);
}

/** Maximum number of names in a message. */
const MAX_NAMED = 5;

interface Census {
  operations: number;
  variables: number;
  aliases: number;
  directives: number;
  /** The largest number of directives of one node. */
  directivesOfLocation: number;
  longestName: number;
  /** The names of the fragments that each fragment spreads, by its name. */
  readonly spreads: Map<string, Set<string>>;
}

function takeCensus(document: DocumentNode): Census {
  const spreads = new Map<string, Set<string>>();
  const census: Census = {
    operations: 0,
    variables: 0,
    aliases: 0,
    directives: 0,
    directivesOfLocation: 0,
    longestName: 0,
    spreads,
  };
  let within = new Set<string>();
  const enter = (node: ASTNode) => {
    if (node.kind === Kind.NAME) census.longestName = Math.max(census.longestName, node.value.length);
    else if (node.kind === Kind.FIELD && node.alias !== undefined) census.aliases += 1;
    else if (node.kind === Kind.FRAGMENT_SPREAD) within.add(node.name.value);
    else if (node.kind === Kind.OPERATION_DEFINITION) census.operations += 1;
    else if (node.kind === Kind.VARIABLE_DEFINITION) census.variables += 1;
    else if (node.kind === Kind.FRAGMENT_DEFINITION) {
      within = new Set();
      spreads.set(node.name.value, within); // of several fragments with one name, graphql-js also uses the last
    }
    const directives = 'directives' in node ? (node.directives?.length ?? 0) : 0;
    census.directives += directives;
    census.directivesOfLocation = Math.max(census.directivesOfLocation, directives);
    return countProblem(census) === null ? undefined : BREAK;
  };
  visit(document, { enter });
  return census;
}

function countProblem(census: Census): string | null {
  if (census.operations > MAX.operations) return `A document must have at most ${MAX.operations} operations.`;
  if (census.spreads.size > MAX.fragments) return `A document must have at most ${MAX.fragments} fragments.`;
  if (census.variables > MAX.variables) return `A document must have at most ${MAX.variables} variables.`;
  if (census.aliases > MAX.aliases) return `A document must have at most ${MAX.aliases} aliases.`;
  if (census.directives > MAX.directives) return `A document must have at most ${MAX.directives} directives.`;
  if (census.directivesOfLocation > MAX.directivesOfLocation) {
    return `A field, fragment or operation must have at most ${MAX.directivesOfLocation} directives.`;
  }
  if (census.longestName > MAX.name) return `A name must have at most ${MAX.name} characters.`;
  return null;
}

/** The fragments that are in a cycle or lead to one. Removes fragments whose spreads are all resolved, until none is left. */
function fragmentsInCycles(spreads: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const open = new Set(spreads.keys());
  for (let before = -1; before !== open.size;) {
    before = open.size;
    for (const name of open) if (spreads.get(name)?.intersection(open).size === 0) open.delete(name);
  }
  return [...open];
}

function isTooDeep({ definitions }: DocumentNode, fragments: Fragments): boolean {
  const heights = new Map<SelectionSetNode, number>();

  /** @returns Infinity as soon as the limit is exceeded, so that the recursion is bounded */
  function heightOf(selections: SelectionSetNode | undefined, level: number): number {
    if (selections === undefined) return 0;
    if (level >= MAX.selectionDepth) return Infinity;
    const known = heights.get(selections);
    if (known !== undefined) return level + known > MAX.selectionDepth ? Infinity : known;
    let height = 0;
    for (const selection of selections.selections) {
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const within = isSpread ? fragments[selection.name.value]?.selectionSet : selection.selectionSet;
      height = Math.max(height, heightOf(within, level + 1));
      if (height === Infinity) return Infinity;
    }
    heights.set(selections, height + 1);
    return height + 1;
  }

  return definitions.some((node) => 'selectionSet' in node && heightOf(node.selectionSet, 0) === Infinity);
}

/** @param fragments without cycles */
function problemOfFields({ definitions }: DocumentNode, fragments: Fragments): string | null {
  for (const node of definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    const { own, all } = countFields(node.selectionSet, fragments);
    if (own > MAX.rootFields) return tooManyFields(MAX.rootFields, own, ' at its root');
    if (all > MAX.fields) return tooManyFields(MAX.fields, all, '');
  }
  return null;
}

function tooManyFields(most: number, found: number, where: string): string {
  return `An operation must have at most ${most} fields${where}, including aliases and fragments; it has ${found}.`;
}
