/** The arguments of a field, including defaults. They are not coerced, so a value may have any type. */
export type CostArguments = Readonly<Record<string, unknown>>;

/**
 * The cost of a field, declared as the extension `cost` of its definition. Every list must declare its size; a test checks
 * the schema.
 */
export interface FieldCost {
  /** Cost of the field without its selection set: of a read or a long text. Default 1. */
  readonly own?: number | ((args: CostArguments) => number);
  /** Maximum size of a list; `page` for the edges and nodes of a connection, whose field has `first` and `last`. */
  readonly size?: number | 'page' | ((args: CostArguments) => number);
}

/** The extension that declares the cost of a field. */
export function costs(cost: FieldCost): { readonly cost: FieldCost } {
  return { cost };
}

/**
 * The cost of a field that calls an asynchronous resolver: a promise, a read and its result, independent of the selection.
 * It limits the number of such calls in one request.
 */
export const RESOLVER_COST = { page: 200, object: 50 } as const;

/** The cost of a page of the event log: the read, and the events that its scan may read. */
export const EVENT_PAGE_COST = RESOLVER_COST.page + 100;

/** Number of characters of a text that cost as much as one value. */
export const CHARACTERS_OF_A_VALUE = 100;

/** The cost of a text field with this limit. */
export function textCost(mostCharacters: number): { readonly cost: FieldCost } {
  return costs({ own: Math.ceil(mostCharacters / CHARACTERS_OF_A_VALUE) });
}
