import { StartupError } from '../startup-error.js';

/** Ends a command with a message for its user and an exit status that scripts can distinguish. */
export class CommandError extends StartupError {
  constructor(
    readonly exitStatus: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
