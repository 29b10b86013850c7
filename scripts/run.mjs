// Runs a program of the project from dist, built first where it is stale: `npm run rekall -- ARGUMENTS`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, isProjectNode, root } from './support/project.mjs';

const NAMES = ['console', 'agent', 'filestore'];

helpOrContinue(`run NAME [ARGUMENTS]: builds what is stale, then runs one of ${NAMES.join(', ')}`);
const [name, ...args] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  console.error(
    `run: ${name === undefined ? 'a name is missing' : `there is no program "${name}"`} (${NAMES.join(', ')})`,
  );
  process.exit(2);
}
const code = await buildIfStale();
if (code !== 0) process.exit(code);

const main = join(root, 'dist/apps', name, 'src/main.js');
if (!existsSync(main)) {
  console.error(
    `run: ${main.slice(root.length + 1)} is missing after the build: apps/${name}/src/main.ts does not exist`,
  );
  process.exit(1);
}
if (isProjectNode) {
  process.argv.splice(1, process.argv.length - 1, main, ...args);
  await import(pathToFileURL(main).href); // this process becomes the program: signals, terminal and exit code are its own
} else {
  becomeNode([main, ...args]);
}
