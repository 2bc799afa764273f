// What the k6 scripts read from the environment.

export const URL = __ENV['URL'] || 'http://127.0.0.1:4000/graphql';

const TOKEN = __ENV['TOKEN'] || null;

export const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  ...(TOKEN === null ? {} : { authorization: `Bearer ${TOKEN}` }),
};

/** The payload of `connection_init`. */
export const CONNECTION_PARAMETERS = TOKEN === null ? {} : { authorization: `Bearer ${TOKEN}` };

/** A positive number. */
export function numberOf(name: string, fallback: number): number {
  const value = Number(__ENV[name] || fallback);
  if (!(value > 0)) throw new Error(`${name} must be a positive number; it is "${__ENV[name]}".`);
  return value;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** A duration such as `30s`, `10m` or `2h`. @returns seconds */
export function secondsOf(name: string, fallback: string): number {
  const text = __ENV[name] || fallback;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const value = Number(number) * (SECONDS[unit] ?? Number.NaN);
  if (!(value > 0)) throw new Error(`${name} must be a duration such as 30s, 10m or 2h; it is "${text}".`);
  return value;
}
