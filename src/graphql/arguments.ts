import { ArgsType, Field, Int } from 'type-graphql';
import { RequestError } from '../domain/errors.js';
import { parseUuid } from '../orders/identity.js';

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many from the front, 0 to 100; 20 where neither first nor last is given.',
  })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what lies behind this cursor.' })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many from the back, 0 to 100. Not together with first.' })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what lies before this cursor.' })
  readonly before?: string | null;
}

/** Reads an argument that must be an order's id. @throws RequestError BAD_USER_INPUT */
export function orderIdArgument(argument: string, text: string): string {
  const uuid = parseUuid(text);
  if (uuid !== null) return uuid;
  throw new RequestError('BAD_USER_INPUT', `${argument} must be a UUID; it is ${JSON.stringify(text)}.`, {
    details: { argument },
  });
}

/** No input type is nested deeper, nor is metadata. */
const MAX_DEPTH = 64;

/**
 * Refuses what PostgreSQL cannot keep: NUL, and halves of surrogate pairs, of which two different ones would be stored
 * as the same character. Refuses what is nested beyond all sense, too.
 *
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function assertStorable(value: unknown, path: string, depth = 0): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw unstorable(path, 'a NUL character');
    if (!value.isWellFormed()) throw unstorable(path, 'half of a surrogate pair');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw unstorable(path.slice(0, 100), `more than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => assertStorable(item, `${path}[${index}]`, depth + 1));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    assertStorable(key, path); // of a JSON object
    assertStorable(item, path === '' ? key : `${path}.${key}`, depth + 1);
  }
}

function unstorable(path: string, what: string): RequestError {
  return new RequestError('BAD_USER_INPUT', `${path} must not contain ${what}.`, { details: { argument: path } });
}
