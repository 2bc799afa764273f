import { Client, type ClientConfig } from 'pg';

/** Runs work on a separate connection outside the pool. */
export async function withClient<T>(
  url: string,
  work: (client: Client) => Promise<T>,
  settings: Pick<ClientConfig, 'lock_timeout'> = {},
): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, ...settings });
  client.on('error', () => undefined); // the current statement fails as well; without a listener the process would end
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
