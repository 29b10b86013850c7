// What all scripts share: where the project is, which Node it runs on, and how a tool is run.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, without a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** package.json as data. */
export const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const pinned = join(root, 'node_modules/node/bin/node');

/** The Node of the project (a dependency, node_modules/node), also when this script was started by an older one. */
export const node = existsSync(pinned) ? pinned : process.execPath;

/** Whether this process itself is new enough for the built programs. */
export const isProjectNode = Number(process.versions.node.split('.')[0]) >= 24;

/** The environment for tools: the project's own programs come first, Node among them; each program is compiled once. */
export const toolEnvironment = () => ({
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`,
});

/** Prints the text and ends the process well when `--help` is the first argument. */
export function helpOrContinue(text) {
  const first = process.argv[2];
  if (first !== '--help' && first !== '-h') return;
  console.log(text.trim());
  process.exit(0);
}

/** The file behind a program of an npm package: its `bin`, run with our own Node and not by its first line. */
export function toolFile(packageName, bin = packageName) {
  const folder = join(root, 'node_modules', packageName);
  const declared = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin;
  return join(folder, typeof declared === 'string' ? declared : declared[bin]);
}

/** Runs a program on the project's Node with this terminal; answers its exit code (1 when a signal ended it). */
export function runNode(args, options = {}) {
  const run = spawnSync(node, args, { cwd: root, stdio: 'inherit', env: toolEnvironment(), ...options });
  if (run.error) throw run.error;
  return run.status ?? 1;
}

/**
 * Runs a program on the project's Node in place of this process: same terminal; signals are passed on; ends as it ends.
 */
export function becomeNode(args) {
  const child = spawn(node, args, { stdio: 'inherit', env: toolEnvironment() });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`cannot run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
