import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { StartupError } from '../startup-error.js';
import { runCommand } from './run-command.js';

const QUERY = `subscription ($orderId: ID, $customerId: String) {
  orderStatusChanged(orderId: $orderId, customerId: $customerId) {
    orderId version from to reason occurredAt order { number customerId total { amount currency } }
  }
}`;

const OPTIONS = ['order', 'customer', 'url'] as const;

/** Prints each status change of a running server as a line of JSON, until it is interrupted. */
await runCommand(async () => {
  const options = readOptions(process.argv.slice(2));
  const url = options.get('url') ?? `http://127.0.0.1:${process.env['PORT'] ?? '4000'}/graphql`;
  const client = createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  const variables = { orderId: options.get('order'), customerId: options.get('customer') };
  try {
    await print(client, variables);
  } catch (cause) {
    if (cause instanceof Error) throw cause;
    throw new StartupError(`There is no server to watch at ${url}.`, { cause }); // what the socket reports is no Error
  }
  return 'The server has ended the subscription.';
});

async function print(client: Client, variables: Record<string, string | undefined>): Promise<void> {
  for await (const { data, errors } of client.iterate<{ orderStatusChanged: unknown }>({ query: QUERY, variables })) {
    if (errors !== undefined) throw new StartupError(errors.map((error) => error.message).join('\n'));
    process.stdout.write(`${JSON.stringify(data?.orderStatusChanged)}\n`);
  }
}

function readOptions(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let place = 0; place < words.length; place += 2) {
    const [name = '', value] = [words[place]?.replace(/^--/, ''), words[place + 1]];
    if (!OPTIONS.some((option) => option === name) || value === undefined) {
      throw new StartupError('Usage: npm run watch -- [--order ID] [--customer CUSTOMER_ID] [--url URL]');
    }
    options.set(name, value);
  }
  return options;
}
