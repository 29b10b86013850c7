import type { z } from 'zod';
import { EmbeddedError, type ProgramOutput, runAdmin, runFilestoreConfigDoc, runWorkerOnce } from '#embedded';
import { CommandError } from '../errors.js';
import type { Environment } from './environment.js';

/** A log line of the API's programs is JSON with a level; what is left is what they say to people. */
const withoutLog = (text: string): string => {
  const said = text.split('\n').filter((line) => !/^(\w+ [\w-]*: )?\{"level":/.test(line));
  return said.length > 0 ? said.join('\n').replace(/rekall-(admin|worker): /, '') : text;
};

const resultOf = async <T>(what: string, running: Promise<ProgramOutput>, schema: z.ZodType<T>): Promise<T> => {
  let output: ProgramOutput;
  try {
    output = await running;
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    throw new CommandError(withoutLog(error.message), 1, { cause: error });
  }
  const last = output.stdout.trim().split('\n').at(-1) ?? '';
  try {
    return schema.parse(JSON.parse(last));
  } catch (error) {
    throw new CommandError(`${what} answered what this version does not understand: ${last}`, 1, { cause: error });
  }
};

/**
 * Runs a command of the API's admin role and answers its result: the last line on stdout, as JSON. Its failure is a
 * {@link CommandError} with what it said.
 */
export const adminCommand = <T>(args: readonly string[], env: Environment, schema: z.ZodType<T>): Promise<T> =>
  resultOf(`admin ${args[0] ?? ''}`, runAdmin(args, env), schema);

/** Lets the worker do what there is to do now; its result and failures as of {@link adminCommand}. */
export const workerOnce = <T>(env: Environment, schema: z.ZodType<T>): Promise<T> =>
  resultOf('worker --once', runWorkerOnce(env), schema);

/** What the file store says of its settings; result and failures as of {@link adminCommand}. */
export const filestoreConfigDoc = <T>(schema: z.ZodType<T>): Promise<T> =>
  resultOf('filestore --config-doc', runFilestoreConfigDoc(), schema);
