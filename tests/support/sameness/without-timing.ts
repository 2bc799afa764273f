import { isDeepStrictEqual } from 'node:util';

interface Response {
  readonly data?: unknown;
  readonly errors?: readonly ResponseError[] | undefined;
}

interface ResponseError {
  readonly path?: readonly (string | number)[] | undefined;
}

/**
 * Whether two responses differ only by timing. Plans call resolvers with fewer promises in between than type-graphql does,
 * so that fields may fail in another sequence. If several non-null fields of an object fail, the first of them makes the
 * object null, and GraphQL does not define which of the others are reported.
 */
export function isSameWithoutTiming(one: Response, other: Response): boolean {
  return isDeepStrictEqual(withoutTiming(one), withoutTiming(other));
}

function withoutTiming({ data, errors = [] }: Response) {
  const described = errors.map((error) => {
    const path = error.path ?? [];
    const nulled = pathToNull(data, path);
    return JSON.stringify(nulled.length < path.length ? { nulled } : error);
  });
  return { data: JSON.stringify(data), errors: [...new Set(described)].toSorted() };
}

/** The part of the path of an error up to the value that is null. */
function pathToNull(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let value = data;
  for (const [depth, key] of path.entries()) {
    if (value === null || value === undefined) return path.slice(0, depth);
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return path;
}
