import { ArgsType, Field, Int } from 'type-graphql';
import { RequestError } from '../domain/errors.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { quoted } from '../domain/quoted.js';
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
  throw new RequestError('BAD_USER_INPUT', `${argument} must be a UUID; it is ${quoted(text)}.`, {
    details: { argument },
  });
}

/** The most UTF-16 code units of an argument that a read looks up: the longest that is stored under that name. */
export const LOOKUP_LIMITS = {
  customerId: ORDER_LIMITS.customerId,
  externalReference: ORDER_LIMITS.externalReference,
  number: 40,
  /** `customer:` and the customerId. */
  globalId: 'customer:'.length + ORDER_LIMITS.customerId,
} as const;

/** Bounds a text that a read looks up. @throws RequestError BAD_USER_INPUT */
export function lookupArgument(argument: string, text: string, limit: number): string {
  if (text.length <= limit) return text;
  const message = `${argument} must have at most ${limit} characters; it has ${text.length}.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
}

/** No input type is nested deeper, nor is metadata. */
const MAX_DEPTH = 64;
/** No list of an input may be longer, nor a list in metadata. */
const MAX_LIST = 10_000;
/** No object of an input may have more keys. Metadata of the allowed size has fewer. */
const MAX_KEYS = 2_500;
/** No text of an input may be longer. */
const MAX_TEXT = 50_000;

/**
 * Rejects what no argument may contain: NUL and halves of surrogate pairs, which PostgreSQL cannot keep, and texts, lists
 * and levels beyond every limit. Shorter ones that break the rule of their field are answered with that rule.
 *
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function assertReadable(args: object): void {
  const problem = problemOf(args, 0);
  if (problem === null) return;
  const argument = problem.path.toReversed().join('').replace(/^\./, '').slice(0, 200) || 'variables';
  throw new RequestError('BAD_USER_INPUT', `${argument} ${problem.rule}.`, { details: { argument } });
}

interface ArgumentProblem {
  readonly rule: string;
  /** Innermost first: paths are built only where there is a problem. */
  readonly path: string[];
}

function problemOf(value: unknown, depth: number): ArgumentProblem | null {
  if (typeof value === 'string') return problemOfText(value);
  if (typeof value !== 'object' || value === null) return null;
  if (depth > MAX_DEPTH) return broken(`must not contain more than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return problemOfList(value, depth);
  const keys = Object.keys(value);
  if (keys.length > MAX_KEYS) return broken(`must have at most ${MAX_KEYS} keys; it has ${keys.length}`);
  for (const key of keys) {
    const problem = problemOfText(key) ?? problemOf((value as Record<string, unknown>)[key], depth + 1); // keys of a JSON object
    if (problem === null) continue;
    problem.path.push(`.${key.slice(0, MAX_KEY_SHOWN)}`);
    return problem;
  }
  return null;
}

const MAX_KEY_SHOWN = 40;

function problemOfList(list: readonly unknown[], depth: number): ArgumentProblem | null {
  if (list.length > MAX_LIST) return broken(`must have at most ${MAX_LIST} elements; it has ${list.length}`);
  for (const [index, item] of list.entries()) {
    const problem = problemOf(item, depth + 1);
    if (problem === null) continue;
    problem.path.push(`[${index}]`);
    return problem;
  }
  return null;
}

function problemOfText(text: string): ArgumentProblem | null {
  if (text.length > MAX_TEXT) return broken(`must have at most ${MAX_TEXT} characters; it has ${text.length}`);
  if (text.includes('\0')) return broken('must not contain a NUL character');
  if (!text.isWellFormed()) return broken('must not contain half of a surrogate pair');
  return null;
}

function broken(rule: string): ArgumentProblem {
  return { rule, path: [] };
}
