import { createClient } from 'graphql-ws';
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
  const url = options.get('url') ?? 'ws://127.0.0.1:4000/graphql';
  const client = createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket });
  const variables = { orderId: options.get('order'), customerId: options.get('customer') };
  for await (const { data, errors } of client.iterate<{ orderStatusChanged: unknown }>({ query: QUERY, variables })) {
    if (errors !== undefined) throw new StartupError(errors.map((error) => error.message).join('\n'));
    process.stdout.write(`${JSON.stringify(data?.orderStatusChanged)}\n`);
  }
  return 'The server has ended the subscription.';
});

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
