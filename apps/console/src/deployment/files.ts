import { chmod, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';
import { makeFolder } from '#files';
import { CommandError } from '../errors.js';

/** For who owns the deployment only. */
const PRIVATE = 0o600;

/** Writes a file whole or not at all: temporary file, sync, rename. Secrets are never readable by others, not even for a moment. */
export const writeWhole = async (path: string, text: string, mode = PRIVATE): Promise<void> => {
  makeFolder(dirname(path));
  const temporary = `${path}.${String(process.pid)}.tmp`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(temporary, mode);
  await rename(temporary, path);
};

/** The text of a file, or undefined when there is none. Anything else that goes wrong is one clear line. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, 1, {
      cause: error,
    });
  }
};

/** The text of a file that must be there. */
export const readNeeded = async (path: string, hint: string): Promise<string> => {
  const text = await readIfThere(path);
  if (text === undefined) throw new CommandError(`there is no ${path}; ${hint}`);
  return text;
};

/** Variables as lines of an environment file (systemd’s EnvironmentFile reads it too). */
export const envText = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => {
      if (/[\n'"]/.test(value))
        throw new CommandError(
          `the value of ${name} has a quote or a line break, which an environment file cannot hold`,
        );
      return `${name}='${value}'\n`;
    })
    .join('');

/** The variables of an environment file. */
export const readEnvFile = async (path: string): Promise<Record<string, string>> => {
  const text = await readNeeded(path, 'run: rekall init --dir DIR');
  return Object.fromEntries(
    Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
};
