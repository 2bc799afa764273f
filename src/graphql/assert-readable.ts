import { RequestError } from '../domain/errors.js';

/** Deeper than every input type and metadata. */
const MAX_DEPTH = 64;
/** Maximum entries of a list in an input or in metadata. */
const MAX_LIST = 10_000;
/** Maximum keys of an object in an input. Metadata within its limit has fewer. */
const MAX_KEYS = 2_500;
/** Maximum characters of a text in an input. */
const MAX_TEXT = 50_000;

/**
 * Rejects values that no argument may contain: NUL and unpaired surrogates, which PostgreSQL cannot store, and texts, lists
 * and nesting beyond the limits of all fields. The stricter limits of each field are checked later.
 *
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function assertReadable(args: object): void {
  const problem = problemOf(args, 0);
  if (problem === null) return;
  const argument = problem.path.toReversed().join('').replace(/^\./, '').slice(0, 200) || 'variables';
  throw new RequestError('BAD_USER_INPUT', `${argument} ${problem.rule}.`, { details: { argument } });
}

/** Whether `assertReadable` accepts the arguments. */
export function isReadable(args: object): boolean {
  return problemOf(args, 0) === null;
}

interface ArgumentProblem {
  readonly rule: string;
  /** Innermost first, because the path is built only after a problem is found. */
  readonly path: string[];
}

function problemOf(value: unknown, depth: number): ArgumentProblem | null {
  if (typeof value === 'string') return problemOfText(value);
  if (typeof value !== 'object' || value === null) return null;
  if (depth > MAX_DEPTH) return broken(`must be nested at most ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return problemOfList(value, depth);
  const keys = Object.keys(value);
  if (keys.length > MAX_KEYS) return broken(`must have at most ${MAX_KEYS} keys; it has ${keys.length}`);
  for (const key of keys) {
    const problem = problemOfText(key) ?? problemOf((value as Record<string, unknown>)[key], depth + 1); // the keys of a JSON object are texts too
    if (problem === null) continue;
    problem.path.push(`.${key.slice(0, MAX_KEY_SHOWN)}`);
    return problem;
  }
  return null;
}

const MAX_KEY_SHOWN = 40;

function problemOfList(list: readonly unknown[], depth: number): ArgumentProblem | null {
  if (list.length > MAX_LIST) return broken(`must contain at most ${MAX_LIST} entries; it contains ${list.length}`);
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
  if (!text.isWellFormed()) return broken('must not contain an unpaired surrogate');
  return null;
}

function broken(rule: string): ArgumentProblem {
  return { rule, path: [] };
}
