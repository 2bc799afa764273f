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
  const url = addressOf(options.get('url') ?? `http://127.0.0.1:${process.env['PORT'] ?? '4000'}`);
  let connected = false;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: {
      connected: () => {
        connected = true;
        process.stderr.write(`watching ${url}\n`);
      },
    },
  });
  const variables = { orderId: options.get('order'), customerId: options.get('customer') };
  try {
    await print(client, variables);
  } catch (cause) {
    if (cause instanceof Error) throw cause;
    const message = connected ? `The connection to ${url} was lost.` : `There is no server to watch at ${url}.`;
    throw new StartupError(message, { cause }); // what the socket reports is no Error
  }
  return 'The server has ended the subscription.';
});

/** An address without a path means the server's own. */
function addressOf(text: string): string {
  if (!URL.canParse(text)) throw new StartupError(`--url is no URL: ${text}.`);
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

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
