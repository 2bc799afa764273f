import { sqlStateOf } from './sql-state.js';

/** An error as it is logged. No other field of an error is logged. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number | undefined;
  readonly sqlState?: string | undefined;
  /** The stack frames, without the message. */
  readonly stack?: string | undefined;
  readonly cause?: LoggedError | undefined;
  readonly errors?: readonly LoggedError[] | undefined;
}

const MAX_MESSAGE = 300;
const MAX_NAME = 60;
const MAX_CAUSES = 3;
/** Errors of an AggregateError, such as one per address of a failed connection. */
const MAX_ERRORS = 2;
/** Failed steps of a disposal that are looked at. */
const MAX_SUPPRESSED = 100;
const MAX_FRAMES = 8;
const MAX_FRAMES_OF_CAUSE = 3;
const MAX_STACK = 1_000;

/**
 * Reduces an error to its type, message, code, stack and causes. Errors of `pg` and Prisma contain connections, statements,
 * parameters and rows, which must not be logged.
 */
export function describeError(thrown: unknown): LoggedError {
  return describe(thrown, 0);
}

function describe(thrown: unknown, depth: number): LoggedError {
  if (!isObject(thrown)) return { type: typeof thrown, message: textOf(String(thrown)) };
  const error = originalOf(thrown);
  const { cause } = error;
  const errors = errorsOf(error);
  const sqlState = sqlStateOf(error);
  const isDeep = depth >= MAX_CAUSES;
  return {
    type: typeOf(error),
    message: messageOf(error, sqlState),
    code: codeOf(error),
    sqlState: sqlState ?? undefined,
    stack: framesOf(error, depth === 0 ? MAX_FRAMES : MAX_FRAMES_OF_CAUSE),
    cause: isObject(cause) && !isDeep ? describe(cause, depth + 1) : undefined,
    errors:
      errors.length > 0 && !isDeep ? errors.slice(0, MAX_ERRORS).map((each) => describe(each, MAX_CAUSES)) : undefined,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** The error that a resolver threw, if GraphQL has wrapped it. */
function originalOf(error: Fields): Fields {
  const { originalError } = error;
  return isObject(originalError) ? originalError : error;
}

/** The errors of an AggregateError, or of a SuppressedError, which a disposal throws: the first failure first. */
function errorsOf(error: Fields): readonly unknown[] {
  const errors: unknown[] = [];
  let last: unknown = error;
  for (; last instanceof SuppressedError && errors.length < MAX_SUPPRESSED; last = last.suppressed) {
    errors.unshift(last.error);
  }
  if (errors.length > 0) return [last, ...errors];
  return Array.isArray(error['errors']) ? error['errors'] : [];
}

function codeOf({ code, originalCode }: Fields): string | number | undefined {
  const given = code ?? originalCode;
  if (typeof given === 'string') return cut(given, MAX_NAME);
  return typeof given === 'number' ? given : undefined;
}

/** The class of an error, or its `kind` in Prisma's driver adapter. */
function typeOf({ name, kind, constructor }: Fields): string {
  const names = [name, kind, (constructor as { name?: unknown } | undefined)?.name];
  return cut(names.filter((each) => typeof each === 'string').find((each) => each !== '') ?? 'Object', MAX_NAME);
}

function messageOf(error: Fields, sqlState: string | null): string {
  const given = error['originalMessage'] ?? error['message'];
  let message = typeof given === 'string' ? given.trim() : '';
  // Prisma prints the call with its arguments, a blank line, then the reason.
  if (typeOf(error).startsWith('PrismaClient')) message = message.slice(message.lastIndexOf('\n\n') + 1).trim();
  // JSON.parse quotes the text.
  if (typeOf(error) === 'SyntaxError') message = message.replace(/["'][\s\S]*["']/, '"…"');
  // PostgreSQL quotes the value in data exceptions.
  if (sqlState?.startsWith('22') === true) message = message.replaceAll(/"[^"]*"/g, '"…"');
  return textOf(message);
}

/** The stack frames only: the first lines of a stack repeat the message. */
function framesOf({ stack, message }: Fields, most: number): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const frames = stack
    .replace(String(message), '')
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, most);
  return cut(frames.map((frame) => frame.trim()).join('\n'), MAX_STACK);
}

function textOf(text: string): string {
  return cut(maskSecrets(text), MAX_MESSAGE);
}

/** Longer texts are cut before masking. The repetitions are bounded, so that no text takes long. */
const MAX_SEARCHED = 2_000;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'`]{0,300}@/gi;
/** The head of a JSON Web Token is a JSON object in base64url, which starts with eyJ. */
const TOKEN = /\beyJ[\w-]{5,2000}(\.[\w-]{0,2000}){0,4}/g;
const EMAIL = /[\p{L}\p{N}_.+-]{1,64}@[\p{L}\p{N}-]{1,63}\.[\p{L}\p{N}.-]{1,255}/gu;

/** Masks user names and passwords in URLs, JSON Web Tokens, and e-mail addresses. */
export function maskSecrets(text: string): string {
  return maskCredentials(cut(text, MAX_SEARCHED)).replaceAll(TOKEN, '…').replaceAll(EMAIL, '…@…');
}

/** Masks user names and passwords in URLs. */
export function maskCredentials(text: string): string {
  return text.replaceAll(URL_CREDENTIALS, '$1…@');
}

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
