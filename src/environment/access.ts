import { addressList, hostNameOf, originOf } from '../address-list.js';
import { choice, list, optionalText, url, whole, type Variable } from '../variable-kinds.js';

/** Who may use the server, and from where. */
export const ACCESS_VARIABLES = {
  AUTH_MODE: choice(
    'auto',
    ['auto', 'open'],
    'Without a secret or keys for tokens, `open` serves every client as admin, on any address. `auto` does so on loopback addresses and does not start on others.',
  ),
  ALLOWED_HOSTS: addressList(
    'host names without a port, separated by commas',
    'Host names that requests may address the server by. Default: `localhost`, `127.0.0.1` and `[::1]` without authentication, any name with it.',
    hostNameOf,
  ),
  CORS_ORIGINS: addressList(
    'origins such as https://shop.example, without a path, separated by commas; * is not allowed',
    'Origins of the web pages that may call the server, over HTTP and WebSocket, besides its own pages.',
    originOf,
  ),
  INTROSPECTION: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether clients may read the schema. `off` also removes suggestions of names from error messages. `auto` is `off` with `NODE_ENV=production`.',
  ),
  PLAYGROUND: choice(
    'auto',
    ['auto', 'on', 'off'],
    'Whether `/` serves the playground, which needs introspection. `auto` is `off` with `NODE_ENV=production`.',
  ),
  TRUSTED_DOCUMENTS: optionalText(
    'File with the manifest of the only documents that the server executes; see docs/security.md. Default: any document.',
  ),
  AUTH_JWT_SECRET: {
    ...optionalText(
      'Secret that signs the bearer tokens of clients; see docs/security.md. Not together with `AUTH_JWKS_URL`.',
    ),
    bounds: 'at least 32 bytes',
    secret: true,
  },
  AUTH_JWKS_URL: url(
    /^https?:\/\/[^@]*$/,
    'http:// or https:// URL without credentials',
    'JSON Web Key Set with the public keys that verify the bearer tokens of clients; see docs/security.md.',
  ),
  AUTH_ISSUER: optionalText('Required `iss` of tokens. Required with `AUTH_JWKS_URL`.'),
  AUTH_AUDIENCE: optionalText('Required `aud` of tokens. Required with `AUTH_JWKS_URL`.'),
  AUTH_ALGORITHMS: list(
    'HS256, HS384, HS512; RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519',
    'Accepted algorithms of tokens, separated by commas. `AUTH_JWKS_URL` allows no HS algorithm. Default: `HS256` with `AUTH_JWT_SECRET`, all of the others with `AUTH_JWKS_URL`.',
  ),
  AUTH_CLOCK_SKEW_SECONDS: whole(5, 0, 300, 'Tolerance for `exp` and `nbf` of tokens, in seconds.'),
  ALLOW_CUSTOMER_PRICES: choice(
    'false',
    ['true', 'false'],
    'Whether customers may send the prices of items. With `false`, the prices of their orders come from the product catalogue.',
  ),
} as const satisfies Readonly<Record<string, Variable>>;
