import { serverAudits } from 'graphql-http';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';

const database = useDatabase();
const server = useServer(database);

/** For application/json, Apollo returns 400 instead of 200 for a document that cannot be executed. */
const KNOWN_WARNINGS = [
  'SHOULD use 200 status code on document parsing failure when accepting application/json',
  'SHOULD use 200 status code on document validation failure when accepting application/json',
  'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
];

test('the server audits of graphql-http find no error', async () => {
  const audits = serverAudits({
    url: server.url,
    // Apollo requires this header for GET, to prevent cross-site requests.
    fetchFn: (input: string, init: RequestInit = {}) =>
      fetch(input, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), 'apollo-require-preflight': 'true' },
      }),
  });
  const results = await Promise.all(audits.map(async (audit) => audit.fn()));
  const findings = results.filter((result) => result.status !== 'ok');
  expect(results.length).toBeGreaterThan(50);
  expect(
    findings.filter((result) => result.status === 'error').map((result) => `${result.name}: ${result.reason}`),
  ).toEqual([]);
  expect(findings.map((result) => result.name)).toEqual(KNOWN_WARNINGS);
});

test('/health reports that the process runs, /ready that it can serve requests', async () => {
  for (const path of ['/health', '/ready']) {
    const response = await fetch(new URL(path, server.url));
    expect([path, response.status, await response.json()]).toMatchObject([path, 200, { status: 'ok' }]);
  }
});

test('with a pending migration the server is healthy but not ready', async () => {
  await database.sql('UPDATE _prisma_migrations SET rolled_back_at = now()');
  const ready = await fetch(new URL('/ready', server.url));
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'unavailable', reason: 'the database lacks migrations' },
  ]);
  expect((await fetch(new URL('/health', server.url))).status).toBe(200);
  await database.sql('UPDATE _prisma_migrations SET rolled_back_at = NULL');
});

test('a response has the correlation id of the request, or a new one', async () => {
  const getHealth = (headers: Record<string, string>) => fetch(new URL('/health', server.url), { headers });
  expect((await getHealth({ 'x-request-id': 'trace-1' })).headers.get('x-request-id')).toBe('trace-1');
  expect((await getHealth({ 'x-request-id': 'bad id\u00e9' })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect((await getHealth({})).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('the response for an unknown path contains the path of GraphQL', async () => {
  const response = await fetch(new URL('/unknown', server.url));
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('/graphql');
});
