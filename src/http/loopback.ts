import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Why an open server must not answer a request, or null where it may: only what a person on this machine asks itself,
 * not what a web page of elsewhere or a proxy passes on.
 */
export function refusalOnLoopback(headers: IncomingHttpHeaders): string | null {
  if (!isLoopback(`http://${headers.host ?? ''}`))
    return 'This server answers only under a loopback name such as localhost.';
  const { origin } = headers;
  if (origin !== undefined && !isLoopback(origin)) return 'This server answers only pages of this machine.';
  if (FORWARDED.some((name) => headers[name] !== undefined)) return 'This server answers no forwarded requests.';
  return null;
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_NAMES.has(new URL(url).hostname);
}
