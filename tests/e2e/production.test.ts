import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { migrate } from '../../src/database/migrate.js';
import { useDatabase } from '../support/fixture.js';
import { HOSTILE_DOCUMENTS } from '../support/hostile-documents.js';
import { createIssuerKey, startJwks } from '../support/jwks.js';
import { startProcess } from '../support/process.js';
import { createClient } from '../support/client.js';
import { outcomeOverHttp, outcomeOverWebsocket } from '../support/token-outcome.js';

const database = useDatabase();

/** The variables that the production section of the README exports. */
async function variablesOfReadme(): Promise<Record<string, string>> {
  const readme = await readFile('README.md', 'utf8');
  const [, section = ''] = readme.split('## Production\n');
  const exported = [...section.matchAll(/^export (.*)$/gm)].flatMap(([, words = '']) => words.split(' '));
  return Object.fromEntries(exported.map((word) => word.split(/=(.*)/s).slice(0, 2)) as [string, string][]);
}

test('the production section of the README starts a server that is closed to strangers', async () => {
  const key = await createIssuerKey('first');
  const jwks = await startJwks(key);
  const documented = await variablesOfReadme();
  expect(Object.keys(documented)).toEqual(expect.arrayContaining(['NODE_ENV', 'DATABASE_URL', 'AUTH_JWKS_URL']));
  await migrate(database.url);
  const local = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: database.url, AUTH_JWKS_URL: jwks.url };
  const server = await startProcess({ ...documented, ...local });
  const claims = { iss: documented['AUTH_ISSUER'] ?? '', aud: documented['AUTH_AUDIENCE'] ?? '' };
  const as = async (role: string, sub = role) =>
    createClient(server.url, await key.sign({ ...claims, sub, roles: [role] }));

  for (const credentials of [null, 'Bearer a.b.c', `Bearer ${await key.sign({ ...claims, aud: 'other' })}`]) {
    expect(await outcomeOverHttp(server.url, credentials)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(await outcomeOverWebsocket(server.url, credentials)).toMatchObject({ accepted: false, code: 4403 });
  }
  const [customer, staff] = [await as('customer'), await as('staff')];
  expect(await customer.request('{ viewer { subject roles } }')).toMatchObject({ status: 200 });
  expect(await customer.request('{ orderStats { count } }')).toMatchObject({
    status: 403,
    errors: [{ extensions: { code: 'FORBIDDEN', field: 'Query.orderStats' } }],
  });
  const counted = await staff.request<{ orderStats: { count: number } }>('{ orderStats { count } }');
  expect(counted).toMatchObject({ status: 200, data: { orderStats: { count: 0 } } });
  expect(counted).toMatchObject({ extensions: { cost: { throttleStatus: { maximumAvailable: 1_000_000 } } } });
  expect(await staff.request('{ __schema { queryType { name } } }')).toMatchObject({
    errors: [{ extensions: { code: 'INTROSPECTION_DISABLED' } }],
  });
  for (const { name, query, variables, code } of HOSTILE_DOCUMENTS) {
    const attacker = await as('staff', name); // one viewer would soon be throttled
    expect((await attacker.request(query, variables)).errors?.[0]?.extensions.code).toBe(code);
    await attacker.dispose();
  }

  const page = new URL('/', server.url);
  expect((await fetch(page, { headers: { accept: 'text/html' } })).status).toBe(404);
  const from = async (origin: string) => (await fetch(server.url, { method: 'OPTIONS', headers: { origin } })).status;
  expect([await from('https://evil.example'), await from(documented['CORS_ORIGINS'] ?? '')]).toEqual([403, 204]);
  await Promise.all([customer.dispose(), staff.dispose()]);
});
