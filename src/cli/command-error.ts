import { StartupError } from '../startup-error.js';

/** Ends a command with a sentence for its user and an exit status that scripts can tell apart. */
export class CommandError extends StartupError {
  constructor(
    readonly exitStatus: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
