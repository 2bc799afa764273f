import { rememberHeaders } from './remember-headers.js';

/** Media types of a response. */
export type MediaType = 'application/json' | 'application/graphql-response+json';

/** In order of preference among types that the client accepts equally by a wildcard. */
const OFFERED = ['application/json', 'application/graphql-response+json'] as const;

interface MediaRange {
  readonly type: string;
  readonly charset: string | null;
  readonly quality: number;
  /** Its index in the header. */
  readonly index: number;
}

/**
 * Chooses the media type of the response, or null if the client accepts none. Apollo would decide after a mutation has
 * run, so the decision is made here and Apollo gets a header that it always accepts.
 */
export function negotiate(accept: string | undefined): MediaType | null {
  return negotiated(accept ?? '');
}

const negotiated = rememberHeaders(choose);

function choose(accept: string | undefined): MediaType | null {
  const ranges = parseAccept(accept);
  const acceptable = OFFERED.map((type) => ({ type, range: mostSpecific(ranges, type) }))
    .filter(({ range }) => range !== null && range.quality > 0)
    .map(({ type, range }) => ({ type, range: range as MediaRange }));
  acceptable.sort((one, other) => preference(one.range, other.range));
  return acceptable[0]?.type ?? null;
}

/** Whether the client prefers HTML, as a browser does that opens the address. */
export function prefersPage(accept: string | undefined): boolean {
  const ranges = parseAccept(accept);
  const page = ranges.find(({ type }) => type === 'text/html')?.quality ?? 0;
  const data = OFFERED.map((type) => mostSpecific(ranges, type)?.quality ?? 0);
  return page > 0 && page >= Math.max(...data);
}

/** A missing or empty header accepts everything. Ranges with a malformed weight are ignored. */
function parseAccept(accept: string | undefined): MediaRange[] {
  const text = accept === undefined || accept.trim() === '' ? '*/*' : accept;
  return splitOutsideQuotes(text, ',').flatMap((part, index) => {
    const [type = '', ...parameters] = splitOutsideQuotes(part, ';').map((each) => each.trim());
    let charset: string | null = null;
    let quality: number | null = 1;
    for (const parameter of parameters) {
      const [, name = '', value = ''] = /^([^=\s]+)\s*=\s*(.*)$/.exec(parameter) ?? [];
      if (name.toLowerCase() === 'q') quality = parseQuality(value);
      else if (name.toLowerCase() === 'charset') charset = value.replaceAll('"', '').toLowerCase();
    }
    return quality === null ? [] : [{ type: type.toLowerCase(), charset, quality, index }];
  });
}

function parseQuality(text: string): number | null {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : null;
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const pattern = separator === ',' ? /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g : /(?:[^;"]|"(?:\\.|[^"\\])*"?)+/g;
  return text.match(pattern) ?? [];
}

/** The most specific range that matches a type: `application/json`, then `application/*`, then `*\/*` (RFC 9110, 12.5.1). */
function mostSpecific(ranges: readonly MediaRange[], type: MediaType): MediaRange | null {
  for (const pattern of [type, 'application/*', '*/*']) {
    const matching = ranges.filter((range) => range.type === pattern && isUtf8(range.charset));
    const best = matching.sort(preference)[0];
    if (best !== undefined) return best;
  }
  return null;
}

/** Responses are always UTF-8. */
function isUtf8(charset: string | null): boolean {
  return charset === null || charset === 'utf-8' || charset === 'utf8' || charset === '*';
}

/** Higher weight first, then a named type before a wildcard, then the order in the header. */
function preference(one: MediaRange, other: MediaRange): number {
  const wildcards = (range: MediaRange) => range.type.split('*').length;
  return other.quality - one.quality || wildcards(one) - wildcards(other) || one.index - other.index;
}
