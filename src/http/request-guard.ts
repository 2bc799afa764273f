import type { IncomingHttpHeaders } from 'node:http';
import { rememberHeaders } from './remember-headers.js';

export interface GuardOptions {
  /** Whether pages of loopback origins may call a server that is addressed by a loopback name. */
  readonly loopbackPages: boolean;
  /** Whether requests that carry the header of a proxy are rejected. */
  readonly rejectForwarded: boolean;
  /** Host names that the server answers to; null for any. */
  readonly hosts: readonly string[] | null;
  /** Origins of pages that may call the server, besides its own. */
  readonly origins: readonly string[];
}

export interface GuardDecision {
  /** Why the request is rejected, or null if it is served. */
  readonly rejection: string | null;
  /** The origin whose pages may read the response, or null for the server's own pages and other clients. */
  readonly origin: string | null;
}

/** Decides by the headers of an HTTP request or a websocket handshake whether it is served. */
export type RequestGuard = (headers: IncomingHttpHeaders) => GuardDecision;

/** The names of this machine in URLs. */
export const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

const SERVED: GuardDecision = { rejection: null, origin: null };
const OTHER_HOST = 'The server does not serve this host name. Add it to ALLOWED_HOSTS.';
const OTHER_ORIGIN = 'The server does not serve pages of this origin. Add it to CORS_ORIGINS.';
const FORWARDED_REQUEST = 'Without authentication the server serves direct requests only; this one was forwarded.';

/**
 * Browsers send the Origin header with every request of a page to another origin that can have an effect, and with every
 * websocket handshake. Clients other than browsers send none.
 */
export function createRequestGuard({ loopbackPages, rejectForwarded, hosts, origins }: GuardOptions): RequestGuard {
  const isServed = (host: string) => hosts === null || hosts.includes(hostNameOf(host));

  function isAllowed(origin: string, host: string): boolean {
    if (origins.includes(origin)) return true;
    return (
      loopbackPages && [hostNameOf(host), addressOf(origin).hostname].every((name) => LOOPBACK_NAMES.includes(name))
    );
  }

  return (headers) => {
    const { host = '', origin } = headers;
    const isOther = origin !== undefined && addressOf(origin).host !== host;
    const readable = isOther && isAllowed(origin, host) ? origin : null;
    let rejection = null;
    if (!isServed(host)) rejection = OTHER_HOST;
    else if (isOther && readable === null) rejection = OTHER_ORIGIN;
    else if (rejectForwarded && isForwarded(headers)) rejection = FORWARDED_REQUEST;
    return rejection === null && readable === null ? SERVED : { rejection, origin: readable };
  };
}

/** Whether a request has the header of a proxy. */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return FORWARDED.some((name) => headers[name] !== undefined);
}

interface Address {
  readonly host: string;
  readonly hostname: string;
}

const NO_ADDRESS: Address = { host: '', hostname: '' };

/** The address of an origin; an empty one for `null` and for schemes other than those of web pages. */
const addressOf = rememberHeaders((origin): Address => {
  return /^https?:\/\//.test(origin) && URL.canParse(origin) ? new URL(origin) : NO_ADDRESS;
});

/** The name in a Host header. */
const hostNameOf = rememberHeaders((host) => {
  const url = `http://${host}`;
  return /^[^/?#@\\]+$/.test(host) && URL.canParse(url) ? new URL(url).hostname : '';
});
