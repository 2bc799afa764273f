import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { useDatabase, useServer } from '../support/fixture.js';
import { HANDSHAKE, rawRequest } from '../support/raw-request.js';

interface Compose {
  readonly services: {
    readonly server: { readonly environment: Readonly<Record<string, string>> };
    readonly redis: { readonly profiles: readonly string[]; readonly ports?: unknown };
  };
}

async function readCompose(): Promise<Compose> {
  return parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as Compose;
}

/** The environment of the server in docker-compose.yml and the Dockerfile, except its address and database. */
async function composeEnvironment(): Promise<Record<string, string>> {
  const { services } = await readCompose();
  const { DATABASE_URL: _, ...environment } = services.server.environment;
  const image = /^ENV (.*)$/m.exec(await readFile('Dockerfile', 'utf8'))?.[1]?.split(' ') ?? [];
  const pairs = [...image.map((pair) => pair.split('=')), ...Object.entries(environment)];
  const filled = pairs.map(([name, value = '']) => [name, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]);
  return { ...(Object.fromEntries(filled) as Record<string, string>), HOST: '127.0.0.1', PORT: '0' };
}

const database = useDatabase();
const server = useServer(database, await composeEnvironment());

const statusOf = async (lines: readonly string[]) =>
  Number((await (await rawRequest(server.url, lines)).ended).slice('HTTP/1.1 '.length, 12));

test.each([
  ['localhost:4000', 200],
  ['127.0.0.1:4000', 200],
  ['evil.example:4000', 403],
  ['server:4000', 403],
])('the server of docker-compose.yml answers requests to %s with %d', async (host, status) => {
  const head = [`GET /graphql?query=%7B__typename%7D HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
  expect(await statusOf([...head, 'Apollo-Require-Preflight: 1'])).toBe(status);
  const handshake = HANDSHAKE.map((line) => (line.startsWith('Host') ? `Host: ${host}` : line));
  const websocket = await rawRequest(server.url, handshake);
  await expect.poll(websocket.received).toMatch(new RegExp(`^HTTP/1.1 ${status === 200 ? 101 : 403} `));
});

test('the server of docker-compose.yml serves introspection, and no page of another origin', async () => {
  expect(await server.request('{ __schema { queryType { name } } }')).toMatchObject({ status: 200 });
  const post = (origin: string) => fetch(server.url, { method: 'POST', headers: { origin } });
  expect((await post('https://evil.example')).status).toBe(403);
  expect((await post('http://localhost:5173')).headers.get('access-control-allow-origin')).toBe(
    'http://localhost:5173',
  );
});

test('docker-compose.yml runs Redis only with its profile, on no port of the host, and passes its URL to the server', async () => {
  const { server, redis } = (await readCompose()).services;
  expect(redis).toMatchObject({ profiles: ['redis'] });
  expect(redis.ports).toBeUndefined();
  expect(server.environment['REDIS_URL']).toBe('${REDIS_URL:-}');
});
