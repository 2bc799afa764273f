import { CommandError } from './command-error.js';
import { helpOf, INVALID_ARGUMENTS, table, type Command } from './command.js';
import { CONSUMERS_HELP, manageConsumers } from './consumers.js';
import { buildDocuments, DOCUMENTS_HELP } from './documents.js';
import { doctor, DOCTOR_HELP } from './doctor.js';
import { exportOrders } from './export.js';
import { EXPORT_HELP } from './export/export-options.js';
import { FULFILMENT_HELP, manageFulfilment } from './fulfilment.js';
import { migrateDatabase, MIGRATE_HELP } from './migrate-database.js';
import { runCommand } from './run-command.js';
import { seed } from './seed.js';
import { SEED_HELP } from './seed/seed-options.js';
import { stressTest } from './stress-test.js';
import { STRESS_TEST_HELP } from './stress-test/stress-options.js';
import { signDevelopmentToken, TOKEN_HELP } from './token.js';
import { watch } from './watch.js';
import { WATCH_HELP } from './watch/watch-options.js';

/** The commands of `npm run cli -- NAME`. */
const COMMANDS: readonly Command[] = [
  { help: CONSUMERS_HELP, run: manageConsumers },
  { help: DOCTOR_HELP, run: doctor },
  { help: DOCUMENTS_HELP, run: buildDocuments },
  { help: EXPORT_HELP, run: exportOrders },
  { help: FULFILMENT_HELP, run: manageFulfilment },
  { help: MIGRATE_HELP, run: migrateDatabase },
  { help: SEED_HELP, run: seed },
  { help: STRESS_TEST_HELP, run: stressTest },
  { help: TOKEN_HELP, run: signDevelopmentToken },
  { help: WATCH_HELP, run: watch },
];

await runCommand(async () => {
  const [name = '', ...words] = process.argv.slice(2);
  if (name === '' || name === '--help') return usage();
  if (name === 'help') return words[0] === undefined ? usage() : helpOf(commandOf(words[0]).help);
  const { help, run } = commandOf(name);
  return words.includes('--help') ? helpOf(help) : run(words);
});

/** @throws CommandError if there is none */
function commandOf(name: string): Command {
  const command = COMMANDS.find(({ help }) => help.name === name);
  if (command !== undefined) return command;
  throw new CommandError(INVALID_ARGUMENTS, `There is no command ${name}.\n${usage()}`);
}

function usage(): string {
  const commands = COMMANDS.map(({ help }) => [help.name, help.about] as const);
  const help = 'npm run cli -- NAME --help lists the options of a command, with examples.';
  return `Usage: npm run cli -- NAME [ARGUMENTS]\n\n${table(commands)}\n\n${help}`;
}
