import { lstat, readdir, realpath, rm, rmdir, unlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Layout } from './layout.js';

/** What is still there after a deployment was removed. */
export interface Left {
  /** Folders that links of the deployment led to. */
  readonly linked: readonly { readonly path: string; readonly target: string }[];
  /** Names in its folder that are not the deployment's. */
  readonly foreign: readonly string[];
}

/** What `rekall init` and `rekall up` make directly in the folder; what tells it for a deployment comes last. */
const namesOf = ({ dir, description, ...others }: Layout): string[] => {
  const top = (path: string): string => relative(dir, path).split(sep)[0] ?? '';
  return [...new Set([...Object.values(others), description].map(top))];
};

/** The link's target, undefined for what is no link or not there. */
const targetOf = async (path: string): Promise<string | undefined> => {
  try {
    return (await lstat(path)).isSymbolicLink() ? await realpath(path) : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Removes the files of a deployment; its folder too, also behind a link, unless somebody else's files lie in it. */
export const removeDeploymentFiles = async (layout: Layout): Promise<Left> => {
  const linked: { path: string; target: string }[] = [];
  for (const name of namesOf(layout)) {
    const path = join(layout.dir, name);
    const target = await targetOf(path);
    if (target !== undefined) linked.push({ path, target });
    await rm(path, { recursive: true, force: true });
  }
  const foreign = await readdir(layout.dir);
  if (foreign.length > 0) return { linked, foreign };
  const folder = await targetOf(layout.dir);
  await rmdir(folder ?? layout.dir);
  if (folder !== undefined) await unlink(layout.dir);
  return { linked, foreign };
};
