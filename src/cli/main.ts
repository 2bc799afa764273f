import { StartupError } from '../startup-error.js';
import { CONSUMERS_USAGE, manageConsumers } from './consumers.js';
import { buildDocuments, DOCUMENTS_USAGE } from './documents.js';
import { FULFILMENT_USAGE, manageFulfilment } from './fulfilment.js';
import { runCommand } from './run-command.js';
import { signDevelopmentToken, TOKEN_USAGE } from './token.js';
import { watch, WATCH_USAGE } from './watch.js';

interface Command {
  /** The arguments. */
  readonly usage: string;
  readonly about: string;
  /** @returns what the command prints at its end */
  readonly run: (words: readonly string[]) => Promise<string>;
}

/** The commands of `npm run cli -- NAME`. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    'consumers',
    {
      usage: CONSUMERS_USAGE,
      about: 'Lists the consumers of the event log; rebuilds, moves or resumes one.',
      run: manageConsumers,
    },
  ],
  [
    'documents',
    { usage: DOCUMENTS_USAGE, about: 'Writes the manifest of the GraphQL documents in a folder.', run: buildDocuments },
  ],
  [
    'fulfilment',
    {
      usage: FULFILMENT_USAGE,
      about: 'Lists the dead letters of fulfilment, or returns them to the queue.',
      run: manageFulfilment,
    },
  ],
  ['token', { usage: TOKEN_USAGE, about: 'Prints a token for development.', run: signDevelopmentToken }],
  ['watch', { usage: WATCH_USAGE, about: 'Prints each event of a running server as a line of JSON.', run: watch }],
]);

await runCommand(async () => {
  const [name = '', ...words] = process.argv.slice(2);
  const command = COMMANDS.get(name);
  if (command !== undefined) return command.run(words);
  if (name === '' || name === 'help' || name === '--help') return usage();
  throw new StartupError(`There is no command ${name}.\n${usage()}`);
});

function usage(): string {
  const lines = [...COMMANDS].map(([name, { usage, about }]) => `  ${name} ${usage}\n      ${about}`);
  return `Usage: npm run cli -- NAME [ARGUMENTS]\n${lines.join('\n')}`;
}
