import type { IncomingHttpHeaders } from 'node:http';
import { rememberHeaders } from './remember-headers.js';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Why an open server rejects a request, or null if it serves it. Only clients on this machine are served, not web pages of
 * other origins and not forwarded requests.
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
 * Why a websocket is rejected, or null if it may be opened. Browsers let any page open a websocket to any server, so the
 * server checks the Origin header. Clients other than browsers send none.
 */
export function rejectionOfOrigin({ origin, host }: IncomingHttpHeaders): string | null {
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return null;
  return LOOPBACK_NAMES.has(hostnameOf(origin)) && LOOPBACK_NAMES.has(hostnameOf(`http://${host ?? ''}`))
    ? null
    : 'This server accepts websockets only from its own pages.';
}

/** Whether an Origin header names a loopback address, on any port. */
export function isLoopbackOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && isLoopback(origin);
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** Whether a URL names a loopback address. */
const isLoopback = rememberHeaders((url) => LOOPBACK_NAMES.has(hostnameOf(url)));
