/**
 * Headers of every response. A response of the API is data: it loads nothing, is shown in no frame and is used by other
 * origins only through CORS, which varies by Origin.
 */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Monaco creates styles and fonts at run time; everything else is served from here. */
const PLAYGROUND_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "object-src 'none'",
].join('; ');

/** Replace those of the same name in the responses of the playground. */
export const PLAYGROUND_HEADERS = {
  'content-security-policy': PLAYGROUND_POLICY,
  'cross-origin-opener-policy': 'same-origin',
} as const;
