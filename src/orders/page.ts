import { RequestError } from '../domain/errors.js';

export const PAGE_SIZE = { default: 20, most: 100 } as const;

/** The arguments of a Relay connection. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The number of elements of a page, from the front of the list or from its back. */
export interface PageSize {
  readonly size: number;
  readonly fromBack: boolean;
}

/** Whether there is more beyond an end of a page. A function runs a statement: call it only where its field is selected. */
export type HasMore = boolean | (() => Promise<boolean>);

/** A page of a Relay connection. */
export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly hasNextPage: HasMore;
  readonly hasPreviousPage: HasMore;
}

/** Reads `first` and `last`. @throws RequestError BAD_USER_INPUT */
export function pageSize({ first, last }: PageArguments): PageSize {
  const fromBack = last !== null && last !== undefined;
  if (fromBack && first !== null && first !== undefined) {
    throw new RequestError('BAD_USER_INPUT', 'first and last cannot be combined.', { details: { argument: 'last' } });
  }
  const [argument, size] = fromBack ? (['last', last] as const) : (['first', first ?? PAGE_SIZE.default] as const);
  if (size < 0 || size > PAGE_SIZE.most) {
    const message = `${argument} must be from 0 to ${PAGE_SIZE.most}; it is ${size}.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
  }
  return { size, fromBack };
}
