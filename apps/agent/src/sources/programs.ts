import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { SourceError } from './source.js';
import { unlessGone } from './read.js';

/** Where programs are looked for: a flow has no PATH. */
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/opt/osquery/bin'];
const MAX_OUTPUT = 256 * 1024 * 1024;

/** The path of a program; undefined when this machine lacks it. */
export const findProgram = (name: string): string | undefined =>
  FOLDERS.map((folder) => `${folder}/${name}`).find(
    (path) => unlessGone(() => (accessSync(path, constants.X_OK), true)) === true,
  );

/** Runs a program to its end and gives what it printed. Throws {@link SourceError} when it is missing or fails. */
export const runProgram = (source: string, name: string, args: readonly string[]): string => {
  const path = findProgram(name);
  if (path === undefined)
    throw new SourceError(`${process.platform} has no source ${source}: this machine lacks the program ${name}`);
  const ran = spawnSync(path, args, { encoding: 'utf8', input: '', maxBuffer: MAX_OUTPUT, env: {} });
  if (ran.error !== undefined) throw new SourceError(`${name}: ${ran.error.message}`, { cause: ran.error });
  if (ran.status !== 0) throw new SourceError(`${name} ended with ${String(ran.status)}: ${ran.stderr.trim()}`);
  return ran.stdout;
};
