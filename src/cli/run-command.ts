import { maskCredentials, maskSecrets } from '../observability/logged-error.js';
import { nodeVersionProblem } from '../node-version.js';
import { StartupError } from '../startup-error.js';
import { CommandError } from './command-error.js';

/** Runs a command: its result goes to stdout; an error goes to stderr, with exit status 1 or that of a CommandError. */
export async function runCommand(command: () => Promise<string>): Promise<void> {
  try {
    const problem = nodeVersionProblem();
    if (problem !== null) throw new StartupError(problem);
    const result = await command();
    if (result !== '') process.stdout.write(`${result}\n`);
  } catch (cause) {
    const text =
      cause instanceof StartupError
        ? maskCredentials(cause.message)
        : maskSecrets(String(cause instanceof Error ? cause.stack : cause));
    process.stderr.write(`${text}\n`);
    process.exitCode = cause instanceof CommandError ? cause.exitStatus : 1;
  }
}
