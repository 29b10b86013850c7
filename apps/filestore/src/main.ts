#!/usr/bin/env node
/** Entry point: says clearly which Node it needs before anything that would not load on another one is imported. */
const NEEDED = [24, 21] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `rekall-filestore: needs Node ${NEEDED.join('.')} or newer, this is ${process.versions.node}: run it by npm, or with node_modules/.bin first in PATH`,
  );
  process.exitCode = 1;
} else {
  // Every change waits for the disk in one of libuv's threads; with its 4 only so many PUTs would share one commit of the
  // file system. Read when the first of them is needed, so before anything is imported.
  process.env['UV_THREADPOOL_SIZE'] ??= '32';
  const { run } = await import('./cli.js');
  process.exitCode = await run(process.argv.slice(2), process.env, console.log, console.error);
}

export {};
