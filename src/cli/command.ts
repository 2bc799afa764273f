import { parseArgs } from 'node:util';
import { CommandError } from './command-error.js';

/** The exit status of every command for arguments that are invalid. */
export const INVALID_ARGUMENTS = 2;

export interface Option {
  readonly type: 'string' | 'boolean';
  /** The name of the value in the help text; only for `string`. */
  readonly value?: string;
  readonly default?: string | boolean;
  readonly about: string;
}

type Options = Readonly<Record<string, Option>>;

/** What a command accepts, for its help text and for parsing. */
export interface CommandHelp<O extends Options = Options> {
  readonly name: string;
  readonly about: string;
  /** The arguments before the options, such as `FOLDER [FILE]`. */
  readonly words?: string;
  readonly options: O;
  /** Further paragraphs of the help text. */
  readonly details?: string;
  readonly examples: readonly string[];
  /** The meaning of the exit statuses besides 0, 1 (any other failure) and 2 (invalid arguments). */
  readonly exitStatuses?: Readonly<Record<number, string>>;
}

export interface Command {
  readonly help: CommandHelp;
  /** @returns what the command prints at its end */
  readonly run: (words: readonly string[]) => Promise<string>;
}

export const JSON_OPTION = { type: 'boolean', default: false, about: 'Prints JSON.' } as const satisfies Option;

/** @throws CommandError that names the first invalid option */
export function parseOptions<O extends Options>(help: CommandHelp<O>, words: readonly string[]) {
  const { options } = help;
  try {
    return parseArgs({ args: [...words], options, allowPositionals: help.words !== undefined });
  } catch (cause) {
    throw invalidArguments(help, (cause as Error).message, { cause });
  }
}

export function invalidArguments(help: CommandHelp, message: string, options?: ErrorOptions): CommandError {
  return new CommandError(INVALID_ARGUMENTS, [message, usageOf(help)].filter(Boolean).join('\n'), options);
}

/** A whole number of an option. @throws CommandError for any other text */
export function wholeOf(help: CommandHelp, name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text.replaceAll(/[,_]/g, ''));
  if (/^\d[\d,_]*$/.test(text) && value >= min && value <= max) return value;
  throw invalidArguments(help, `--${name} must be a whole number from ${min} to ${max}; it is ${text}.`);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365 * 86_400_000,
};

/** A duration of an option such as `90s`, in milliseconds; null for any other text. */
export function durationOf(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,9})(ms|[smhdy])$/.exec(text) ?? [];
  const duration = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  return duration > 0 ? duration : null;
}

export function usageOf({ name, words = '', options }: CommandHelp): string {
  const flags = Object.entries(options).map(([flag, option]) => `[${flagOf(flag, option)}]`);
  return `Usage: npm run cli -- ${[name, words, ...flags].filter((part) => part !== '').join(' ')}`;
}

function flagOf(flag: string, { value = 'TEXT', type }: Option): string {
  return type === 'boolean' ? `--${flag}` : `--${flag} ${value}`;
}

export function helpOf(help: CommandHelp): string {
  const options = Object.entries(help.options).map(([flag, option]): [string, string] => [
    flagOf(flag, option),
    `${option.about}${typeof option.default === 'string' ? ` Default: ${option.default}.` : ''}`,
  ]);
  const statuses = Object.entries({
    0: 'success',
    1: 'any other failure',
    [INVALID_ARGUMENTS]: 'invalid arguments',
    ...help.exitStatuses,
  });
  const parts = [
    help.about,
    usageOf(help),
    ...(help.details === undefined ? [] : [help.details]),
    ...(options.length === 0 ? [] : [`Options:\n${table(options)}`]),
    `Examples:\n${help.examples.map((example) => `  npm run cli -- ${example}`).join('\n')}`,
    `Exit status:\n${table(statuses)}`,
  ];
  return parts.join('\n\n');
}

/** Two columns. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
