import { CloseCode, createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { loadEnvFile } from '../config.js';
import { StartupError } from '../startup-error.js';
import { runCommand } from './run-command.js';

const QUERY = `subscription ($orderId: ID, $customerId: String) {
  orderStatusChanged(orderId: $orderId, customerId: $customerId) {
    orderId version from to reason occurredAt order { number customerId total { amount currency } }
  }
}`;

const OPTIONS = ['order', 'customer', 'url', 'token'] as const;

/** Prints each status change of a running server as a line of JSON, until interrupted. */
await runCommand(async () => {
  loadEnvFile(); // for the server's PORT
  const options = readOptions(process.argv.slice(2));
  const url = addressOf(options.get('url') ?? `http://127.0.0.1:${process.env['PORT'] ?? '4000'}`);
  let connected = false;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: options.has('token') ? { authorization: `Bearer ${options.get('token')}` } : {},
    retryAttempts: 0,
    on: {
      connected: () => {
        connected = true;
        process.stderr.write(`watching ${subjectOf(options)} at ${url}\n`);
      },
    },
  });
  const variables = { orderId: options.get('order'), customerId: options.get('customer') };
  try {
    await print(client, variables);
  } catch (cause) {
    if (cause instanceof Error) throw cause;
    throw new StartupError(problemOf(cause, url, connected), { cause }); // the socket reports failures that are not Errors
  }
  return 'The server ended the subscription.';
});

function problemOf(cause: unknown, url: string, connected: boolean): string {
  const { code, reason } = cause as { readonly code?: number; readonly reason?: string };
  if (code === CloseCode.Forbidden) return `The server at ${url} closed the connection. ${reason} Set --token.`;
  return connected ? `The connection to ${url} was lost.` : `No server responds at ${url}. Set --url or PORT.`;
}

function subjectOf(options: ReadonlyMap<string, string>): string {
  const named = ['order', 'customer'].flatMap((name) => (options.has(name) ? `${name} ${options.get(name)}` : []));
  return named.length === 0 ? 'all orders' : named.join(' of ');
}

/** Completes an address: the default scheme is http, the default path is the one of the server. */
function addressOf(text: string): string {
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address) || !/^(http|ws)s?:/.test(address)) {
    throw new StartupError(`--url must be a URL such as http://127.0.0.1:4000; it is ${text}.`);
  }
  const url = new URL(address);
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
  const [first = ''] = words;
  if (words.length === 1 && !first.startsWith('-')) return new Map([['order', first]]);
  const options = new Map<string, string>();
  for (let place = 0; place < words.length; place += 2) {
    const [name = '', value] = [words[place]?.replace(/^--/, ''), words[place + 1]];
    if (!OPTIONS.some((option) => option === name) || value === undefined) {
      throw new StartupError(
        'Usage: npm run watch -- [--order ID] [--customer CUSTOMER_ID] [--url URL] [--token TOKEN]\nWithout options it prints the status changes of all orders.',
      );
    }
    options.set(name, value);
  }
  return options;
}
