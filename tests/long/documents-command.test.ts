import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { failToStart, startProcess, temporaryFolder } from '../support/process.js';

const database = useDatabase();

function runDocuments(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.resolve('dist/cli/main.js'), 'documents', ...words],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    },
  );
  return { status, stdout, stderr };
}

test('the manifest of the command is what a server executes', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'manifest.json');
  await writeFile(path.join(folder, 'hello.graphql'), 'query Hello { __typename }');
  expect(runDocuments(folder, file)).toEqual({ status: 0, stdout: `Wrote 1 operations to ${file}.\n`, stderr: '' });
  const server = await startProcess({ DATABASE_URL: database.url, TRUSTED_DOCUMENTS: file });
  expect((await server.request('query Hello {\n  __typename\n}')).data).toEqual({ __typename: 'Query' });
  expect((await server.request('{ __typename }')).errors?.[0]?.extensions.code).toBe('DOCUMENT_NOT_TRUSTED');

  await writeFile(file, (await readFile(file, 'utf8')).replace('__typename', 'removed'));
  const { code, stderr } = await failToStart({ DATABASE_URL: database.url, TRUSTED_DOCUMENTS: file });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^TRUSTED_DOCUMENTS .* cannot be used\.\nOperation Hello: Cannot query field "removed"/m);
});

test('the command names the file and the operation of each problem', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'bad.graphql'), 'query Bad { removed }');
  await writeFile(path.join(folder, 'worse.gql'), '{ __typename }');
  const { status, stderr } = runDocuments(folder);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^worse\.gql: Every operation needs a name\.\nOperation Bad: Cannot query field "removed"/);
  expect(runDocuments().stderr).toMatch(/^Usage: /);
});
