/** Why the server cannot start, in one sentence for the operator. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** @param problems one sentence for each invalid variable */
export function invalidConfiguration(problems: readonly string[]): StartupError {
  return new StartupError(`Invalid configuration:\n  ${problems.join('\n  ')}`);
}
