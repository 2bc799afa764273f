import {
  getNamedType,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { RequestError } from '../domain/errors.js';
import { PAGE_SIZE } from '../orders/page.js';

export interface CostOptions {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null | undefined;
  readonly maxCost: number;
}

/**
 * Refuses a query that asks for more values than one request may. A page costs what is asked of one of its nodes, as
 * often as it may have nodes, so pages within pages multiply; everything else costs one and its parts, or what it says
 * of itself.
 *
 * @param document validated, so that every field is there and no fragment contains itself
 * @throws RequestError BAD_USER_INPUT
 */
export function assertAffordable(schema: GraphQLSchema, document: DocumentNode, options: CostOptions): void {
  const { maxCost } = options;
  const cost = costOf(schema, document, options);
  if (cost <= maxCost) return;
  const message = `The query may ask for ${cost} values; one request may ask for ${maxCost}. Take smaller pages, or fewer within each other.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { cost, maxCost } });
}

/** How many values an operation may ask for; 0 where the document has no such operation. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variables, operationName }: Omit<CostOptions, 'maxCost'>,
): number {
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) return 0; // there is nothing to run; the executor says so
  const estimate = createEstimate(schema, document, variables);
  return estimate(operation.selectionSet, schema.getRootType(operation.operation));
}

/** What a field says of its cost where that is more than its parts. */
interface FieldCost {
  /** In values. */
  readonly own?: number;
  /** How many things it may answer. */
  readonly nodes?: number;
}

type Estimate = (selections: SelectionSetNode, type: GraphQLNamedType | null | undefined) => number;

function createEstimate(schema: GraphQLSchema, document: DocumentNode, variables: CostOptions['variables']): Estimate {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, number>(); // a fragment is estimated once, however often it is spread

  function ofFragment(name: string): number {
    const fragment = fragments.get(name);
    if (fragment === undefined) return 0;
    const cost = known.get(name) ?? estimate(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    known.set(name, cost);
    return cost;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | null | undefined): number {
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const definition = fields[field.name.value];
    if (definition === undefined || field.selectionSet === undefined) return 1; // a leaf, or the schema's own fields
    const parts = estimate(field.selectionSet, getNamedType(definition.type));
    const { own = 1, nodes = 1 } = (definition.extensions['cost'] ?? {}) as FieldCost;
    const isPage = definition.args.some((argument) => argument.name === 'first');
    return own + parts * (isPage ? pageSizeOf(field, variables) : nodes);
  }

  const estimate: Estimate = (selections, type) => {
    let cost = 0;
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) cost += ofField(selection, type);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) cost += ofFragment(selection.name.value);
      else {
        const condition = selection.typeCondition;
        cost += estimate(selection.selectionSet, condition === undefined ? type : schema.getType(condition.name.value));
      }
    }
    return cost;
  };
  return estimate;
}

/** How many nodes a page may have; sizes out of bounds are refused later, by the page itself. */
function pageSizeOf(field: FieldNode, variables: CostOptions['variables']): number {
  for (const { name, value } of field.arguments ?? []) {
    if (name.value !== 'first' && name.value !== 'last') continue;
    const size =
      value.kind === Kind.VARIABLE ? variables[value.name.value] : value.kind === Kind.INT ? Number(value.value) : null;
    if (typeof size === 'number') return Math.max(0, Math.min(size, PAGE_SIZE.most));
  }
  return PAGE_SIZE.default;
}
