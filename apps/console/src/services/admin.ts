import { z } from 'zod';
import { EmbeddedError, runAdmin } from '#embedded';
import { CommandError } from '../errors.js';

/**
 * Runs a command of the API's admin role and answers its result: the last line on stdout, as JSON. Its failure is a
 * {@link CommandError} with what it said.
 */
export const adminCommand = async <T>(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
): Promise<T> => {
  let stdout: string;
  try {
    ({ stdout } = await runAdmin(args, env));
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    throw new CommandError(error.message.replace(/rekall-admin: /, ''), 1, { cause: error });
  }
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return schema.parse(JSON.parse(last));
  } catch (error) {
    throw new CommandError(`admin ${args[0] ?? ''} answered what this version does not understand: ${last}`, 1, {
      cause: error,
    });
  }
};
