import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Why an open server must not answer a request, or null where it may: only what a person on this machine asks itself,
 * not what a web page of elsewhere or a proxy passes on.
 */
export function rejectionOnLoopback(headers: IncomingHttpHeaders): string | null {
  if (!isLoopback(`http://${headers.host ?? ''}`))
    return 'This server answers only requests to a loopback host name such as localhost.';
  const { origin } = headers;
  if (origin !== undefined && !isLoopback(origin)) return 'This server answers only requests of pages on this machine.';
  if (FORWARDED.some((name) => headers[name] !== undefined))
    return 'This server answers only direct requests, not forwarded ones.';
  return null;
}

/**
 * Why a websocket must not be opened, or null where it may: browsers let any page open one to any server, so the server
 * has to see that the page is its own. Programs send no Origin.
 */
export function rejectionOfOrigin({ origin, host }: IncomingHttpHeaders): string | null {
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return null;
  return LOOPBACK_NAMES.has(hostnameOf(origin)) && LOOPBACK_NAMES.has(hostnameOf(`http://${host ?? ''}`))
    ? null
    : 'This server accepts websockets only from its own pages.';
}

/** Whether an Origin header names a page of this machine, on any port. */
export function isLoopbackOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && isLoopback(origin);
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function isLoopback(url: string): boolean {
  return LOOPBACK_NAMES.has(hostnameOf(url));
}
