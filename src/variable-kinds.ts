import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';

/** One environment variable, as docs/configuration.md shows it. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly fallback: string;
  readonly bounds: string;
  readonly about: string;
  /** The value may contain a password. Messages do not quote it. */
  readonly secret?: true;
}

export function whole(fallback: number, least: number, most: number, about: string): Variable<number> {
  const rule = `must be a whole number from ${least} to ${most}`;
  const schema = z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= least && Number(text) <= most, rule)
    .transform(Number);
  return { schema, fallback: String(fallback), bounds: `${least} to ${most}`, about };
}

/** A number of processes. */
export function workers(about: string): Variable<number> {
  const { schema, fallback, bounds } = whole(1, 1, 256, about);
  const cores = z
    .string()
    .optional()
    .transform((text) => (text === 'auto' ? String(availableParallelism()) : text));
  return { schema: cores.pipe(schema), fallback, bounds: `${bounds}, or auto`, about };
}

export function optionalWhole(least: number, most: number, about: string): Variable<number | null> {
  const { schema, bounds } = whole(least, least, most, about);
  const optional = z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return null;
      const parsed = schema.safeParse(text);
      if (!parsed.success) context.addIssue({ code: 'custom', message: parsed.error.issues[0]?.message ?? '' });
      return parsed.data ?? null;
    });
  return { schema: optional, fallback: '', bounds, about };
}

/** Addresses of Kafka brokers; null without. */
export function brokers(about: string): Variable<readonly string[] | null> {
  const bounds = 'host:port of some brokers, separated by commas';
  const schema = z
    .string()
    .refine((text) => text.split(',').every((part) => BROKER.test(part.trim())), `must be ${bounds}`)
    .optional()
    .transform((text) => text?.split(',').map((part) => part.trim()) ?? null);
  return { schema, fallback: '', bounds, about };
}

const BROKER = /^[\w.-]{1,253}:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;

export function choice<const T extends string>(fallback: T, values: readonly T[], about: string): Variable<T> {
  const schema = z.enum(values, `must be one of ${values.join(', ')}`).default(fallback as never) as never;
  return { schema, fallback, bounds: values.join(', '), about };
}

export function text(fallback: string, about: string): Variable<string> {
  return { schema: z.string().min(1, 'must not be empty').default(fallback), fallback, bounds: 'text', about };
}

export function url(protocol: RegExp, bounds: string, about: string): Variable<string | null> {
  const schema = z
    .string()
    .refine((text) => protocol.test(text) && URL.canParse(text), `must be a ${bounds}`)
    .optional()
    .transform((text) => text ?? null);
  return { schema, fallback: '', bounds, about, secret: true };
}

export function optionalText(about: string): Variable<string | null> {
  const schema = z
    .string()
    .optional()
    .transform((text) => text ?? null);
  return { schema, fallback: '', bounds: 'text', about };
}

export function secretText(leastLength: number, about: string): Variable<string | null> {
  const bounds = `at least ${leastLength} printable ASCII characters`;
  const schema = z
    .string()
    .refine((text) => text.length >= leastLength && /^[!-~]+$/.test(text), `must have ${bounds}, without spaces`)
    .optional()
    .transform((text) => text ?? null);
  return { schema, fallback: '', bounds, about, secret: true };
}

export function list(bounds: string, about: string): Variable<readonly string[] | null> {
  const schema = z
    .string()
    .optional()
    .transform((text) => text?.split(',').map((word) => word.trim()) ?? null);
  return { schema, fallback: '', bounds, about };
}

export function postgresUrl(about: string): Variable<string | null> {
  return url(/^postgres(ql)?:\/\//, 'postgresql:// URL', about);
}

/** An address or a network in CIDR notation. */
export interface Network {
  readonly address: string;
  /** Null for a single address. */
  readonly prefix: number | null;
}

export function networks(about: string): Variable<readonly Network[]> {
  const rule = 'must be a list of IP addresses and networks such as 10.0.0.0/8, separated by commas';
  const schema = z
    .string()
    .default('')
    .transform((text, context) => {
      const parts = text.split(',').filter((part) => part.trim() !== '');
      const parsed = parts.flatMap((part) => parseNetwork(part.trim()) ?? []);
      if (parsed.length < parts.length) context.addIssue({ code: 'custom', message: rule });
      return parsed;
    });
  return { schema, fallback: '', bounds: 'list of IP addresses and networks', about };
}

function parseNetwork(text: string): Network | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  if (prefix === undefined) return { address, prefix: null };
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)
    ? { address, prefix: Number(prefix) }
    : null;
}
