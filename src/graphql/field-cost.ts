/** The arguments of one field, defaults included. Not coerced yet, so a value may have any type. */
export type CostArguments = Readonly<Record<string, unknown>>;

/**
 * What a field declares of its cost, as the extension `cost` of its definition. Every list declares its size; a test walks
 * the schema and fails for a list that does not.
 */
export interface FieldCost {
  /** What the field costs besides the values of its parts: what it reads, or a long text. One value where left out. */
  readonly own?: number | ((args: CostArguments) => number);
  /** The most elements of a list; `page` for the edges and nodes of a connection, whose field has `first` and `last`. */
  readonly size?: number | 'page' | ((args: CostArguments) => number);
}

/** The extension of a field that declares its cost. */
export function costs(cost: FieldCost): { readonly cost: FieldCost } {
  return { cost };
}

/**
 * The cost of a field that calls an asynchronous resolver: a promise, a read and its result, however little is selected.
 * Bounds how many such calls one request makes.
 */
export const RESOLVER_COST = { page: 200, object: 50 } as const;

/** A text counts as one value for every so many characters. */
export const CHARACTERS_OF_A_VALUE = 100;

/** The cost of a field with a text of at most so many characters. */
export function textCost(mostCharacters: number): { readonly cost: FieldCost } {
  return costs({ own: Math.ceil(mostCharacters / CHARACTERS_OF_A_VALUE) });
}
