/** A failure that its user can mend: shown as one line, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A command line that does not make sense: exit code 2, with a hint at the help. */
export const usage = (message: string): CommandError => new CommandError(`${message} (see --help)`, 2);
