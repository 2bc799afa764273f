import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { VARIABLES } from '../../src/environment.js';
import type { Variable } from '../../src/variable-kinds.js';
import { StartupError } from '../../src/startup-error.js';

const variables = Object.entries<Variable>(VARIABLES);

test('docs/configuration.md lists the variables that the code reads', async () => {
  const rows = variables.map(
    ([name, { fallback, bounds, about }]) =>
      `| \`${name}\` | ${fallback === '' ? '–' : `\`${fallback}\``} | ${bounds} | ${about} |`,
  );
  const table = (await readFile('docs/configuration.md', 'utf8'))
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+`/.test(line))
    .map((line) => line.replaceAll(/ +\|/g, ' |'));
  expect(table).toEqual(rows);
});

test('.env.example lists every variable once with its description and default', async () => {
  const [, ...entries] = (await readFile('.env.example', 'utf8')).trimEnd().split('\n\n');
  expect(entries).toEqual(
    variables.map(([name, { fallback, about }]) => `# ${about.replaceAll('`', '')}\n#${name}=${fallback}`),
  );
});

test('every variable has a default and a description', () => {
  expect(() => readConfig({})).not.toThrow();
  for (const [, { about }] of variables) expect(about).toMatch(/\.$/);
});

test('the error of an invalid configuration lists every invalid variable', () => {
  const invalid = {
    PORT: '70000',
    WRITE_LANES: 'two',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://x',
    REQUEST_DEADLINE_MS: '1.5',
    HOST: '',
  };
  const read = () => readConfig(invalid);
  expect(read).toThrow(StartupError);
  for (const name of ['PORT', 'WRITE_LANES', 'LOG_LEVEL', 'DATABASE_URL', 'REQUEST_DEADLINE_MS'])
    expect(read).toThrow(new RegExp(`${name} must`));
  expect(read).not.toThrow(/HOST/); // empty means the default
});

test('an error does not repeat the value of a variable that may contain a password', () => {
  const invalid = {
    DATABASE_URL: 'mysql://me:hunter2@127.0.0.1/orders',
    DATABASE_DIRECT_URL: 'postgresql://me:hunter2@127.0.0.1:port/orders',
    PRODUCT_SERVICE_URL: 'http://me:hunter2@127.0.0.1/?key=hunter2',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hunter2%0D%0A', // a header with it cannot be sent
  };
  for (const [name, value] of Object.entries(invalid)) {
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`${name} must (be a|have values)`));
    expect(() => readConfig({ [name]: value })).not.toThrow(/hunter2/);
  }
});

test('without authentication the server listens only on loopback and does not run in production, unless AUTH_MODE is open', () => {
  const otherHosts = ['0.0.0.0', '::', '192.168.1.5', 'db.example.org', '127.0.0.1.example.org', 'localhost.example'];
  for (const HOST of otherHosts) expect(() => readConfig({ HOST })).toThrow(/AUTH_MODE=open/);
  for (const HOST of ['127.0.0.1', 'localhost'])
    expect(readConfig({ HOST }).auth).toEqual({ kind: 'open', guarded: true });
  expect(() => readConfig({ NODE_ENV: 'production' })).toThrow(/AUTH_MODE=open/);
  expect(readConfig({ HOST: '::1' }).auth).toEqual({ kind: 'open', guarded: true });
  const open = { HOST: '0.0.0.0', NODE_ENV: 'production', AUTH_MODE: 'open' };
  expect(readConfig(open).auth).toEqual({ kind: 'open', guarded: false });
});

const JWKS = { AUTH_JWKS_URL: 'https://issuer.example/keys', AUTH_ISSUER: 'issuer', AUTH_AUDIENCE: 'orders' };
const SECRET = 'a'.repeat(32);

test('with a secret or keys for tokens the server listens anywhere, also in production', () => {
  const anywhere = { HOST: '0.0.0.0', NODE_ENV: 'production' };
  expect(readConfig({ ...anywhere, AUTH_JWT_SECRET: SECRET }).auth).toEqual({
    kind: 'secret',
    secret: SECRET,
    rules: { algorithms: ['HS256'], issuer: null, audience: null, clockSkewSeconds: 5 },
  });
  const settings = { ...JWKS, AUTH_ALGORITHMS: 'ES256, EdDSA', AUTH_CLOCK_SKEW_SECONDS: '0' };
  expect(readConfig({ ...anywhere, ...settings }).auth).toEqual({
    kind: 'jwks',
    url: JWKS.AUTH_JWKS_URL,
    rules: { algorithms: ['ES256', 'EdDSA'], issuer: 'issuer', audience: 'orders', clockSkewSeconds: 0 },
  });
  const { auth } = readConfig(JWKS);
  const algorithms = auth.kind === 'jwks' ? auth.rules.algorithms : [];
  expect(algorithms).toContain('RS256');
  expect(algorithms.filter((algorithm) => /^(HS|none)/.test(algorithm))).toEqual([]);
});

test.each<readonly [Record<string, string>, RegExp]>([
  [{ AUTH_JWT_SECRET: 'a'.repeat(31) }, /AUTH_JWT_SECRET must have at least 32 bytes; it has 31/],
  [{ AUTH_JWT_SECRET: SECRET, AUTH_ALGORITHMS: 'HS256,HS512' }, /at least 64 bytes/],
  [{ AUTH_JWT_SECRET: SECRET, ...JWKS }, /exclude each other/],
  [{ AUTH_JWT_SECRET: SECRET, AUTH_MODE: 'open' }, /AUTH_MODE=open excludes/],
  [{ ...JWKS, AUTH_MODE: 'open' }, /AUTH_MODE=open excludes/],
  [{ ...JWKS, AUTH_ISSUER: '' }, /AUTH_ISSUER is required with AUTH_JWKS_URL/],
  [{ ...JWKS, AUTH_AUDIENCE: '' }, /AUTH_AUDIENCE is required with AUTH_JWKS_URL/],
  [{ ...JWKS, AUTH_ALGORITHMS: 'RS256,HS256' }, /"HS256" is not/],
  [{ ...JWKS, AUTH_ALGORITHMS: 'none' }, /"none" is not/],
  [{ AUTH_JWT_SECRET: SECRET, AUTH_ALGORITHMS: 'none' }, /"none" is not/],
  [{ AUTH_JWT_SECRET: SECRET, AUTH_ALGORITHMS: 'RS256' }, /"RS256" is not/],
  [{ AUTH_JWKS_URL: 'https://me:hunter2@issuer.example/' }, /AUTH_JWKS_URL must be/],
  [{ AUTH_ISSUER: 'issuer' }, /AUTH_ISSUER requires AUTH_JWT_SECRET or AUTH_JWKS_URL/],
])('the settings of tokens %j are rejected', (settings, message) => {
  expect(() => readConfig(settings)).toThrow(message);
  expect(() => readConfig(settings)).not.toThrow(/hunter2|aaaa/);
});

test('an open server is served by loopback names unless ALLOWED_HOSTS lists others', () => {
  const loopback = { hosts: ['localhost', '127.0.0.1', '[::1]'], loopbackPages: true };
  expect(readConfig({}).guard).toMatchObject({ ...loopback, rejectForwarded: true });
  expect(readConfig({ AUTH_MODE: 'open' }).guard).toMatchObject({ ...loopback, rejectForwarded: false });
  const listed = readConfig({ ALLOWED_HOSTS: 'Shop.Example, 10.0.0.7,[::1],bücher.example' });
  expect(listed.guard.hosts).toEqual(['shop.example', '10.0.0.7', '[::1]', 'xn--bcher-kva.example']);
  for (const ALLOWED_HOSTS of ['shop.example:4000', 'http://shop.example', '*', '*.shop.example', '::1', 'a b'])
    expect(() => readConfig({ ALLOWED_HOSTS })).toThrow(/ALLOWED_HOSTS must be a list of host names/);
});

test('CORS_ORIGINS lists exact origins, as browsers write them', () => {
  const origins = (text: string) => readConfig({ CORS_ORIGINS: text }).guard.origins;
  expect(origins('')).toEqual([]);
  expect(origins('https://Shop.Example:443, http://localhost:5173,,')).toEqual([
    'https://shop.example',
    'http://localhost:5173',
  ]);
  const invalid = ['*', 'null', 'shop.example', 'https://shop.example/', 'https://a@shop.example', 'https://*.example'];
  for (const entry of [...invalid, 'file:///tmp', 'https://shop.example/?a', 'https://ok.example,*'])
    expect(() => origins(entry)).toThrow(/CORS_ORIGINS must be a list of origins such as/);
});

test('introspection and the playground are off in production unless they are asked for', () => {
  const of = (env: Record<string, string>) => {
    const { introspection, playground } = readConfig({ AUTH_MODE: 'open', ...env });
    return { introspection, playground };
  };
  expect(of({})).toEqual({ introspection: true, playground: true });
  expect(of({ NODE_ENV: 'production' })).toEqual({ introspection: false, playground: false });
  expect(of({ NODE_ENV: 'production', INTROSPECTION: 'on' })).toEqual({ introspection: true, playground: false });
  expect(of({ NODE_ENV: 'production', PLAYGROUND: 'on' })).toEqual({ introspection: false, playground: true });
  expect(of({ INTROSPECTION: 'off', PLAYGROUND: 'off' })).toEqual({ introspection: false, playground: false });
});

test('the direct URL defaults to the main URL; only the embedded database is migrated by default', () => {
  const url = 'postgresql://localhost/x';
  expect(readConfig({ DATABASE_URL: url }).database).toMatchObject({
    source: { kind: 'external', url, directUrl: url },
    migrate: false,
  });
  expect(readConfig({ DATABASE_URL: url, DATABASE_MIGRATE: 'always' }).database.migrate).toBe(true);
  expect(readConfig({}).database).toMatchObject({ source: { kind: 'embedded', dataDir: '.data' }, migrate: true });
});

test('the configuration is immutable', () => {
  const config = readConfig({});
  expect(() => Object.assign(config.writes, { lanes: 9 })).toThrow(TypeError);
});

test('a rate limit must allow the most expensive request; without a rate limit the cost is free', () => {
  const env = { REQUEST_MAX_COST: '2000000' };
  expect(readConfig(env).rateLimit).toBeNull();
  expect(() => readConfig({ ...env, RATE_LIMIT: 'on' })).toThrow(
    'RATE_LIMIT_CAPACITY must be at least REQUEST_MAX_COST (2000000); it is "1000000"',
  );
});
