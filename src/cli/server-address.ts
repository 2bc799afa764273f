import { invalidArguments, type CommandHelp, type Option } from './command.js';

/** The options of commands that call a server. */
export const SERVER_OPTIONS = {
  url: { type: 'string', value: 'URL', about: 'The server. Default: http://127.0.0.1 on PORT, or 4000.' },
  token: { type: 'string', value: 'TOKEN', about: 'Bearer token, if the server has authentication.' },
} as const satisfies Readonly<Record<string, Option>>;

/** Completes an address: the default scheme is http, the default path is the one of the server. */
export function serverAddress(help: CommandHelp, given: string | undefined): string {
  const text = given ?? `http://127.0.0.1:${process.env['PORT'] ?? '4000'}`;
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address) || !/^(http|ws)s?:/.test(address)) {
    throw invalidArguments(help, `--url must be a URL such as http://127.0.0.1:4000; it is ${text}.`);
  }
  const url = new URL(address);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}
