#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

/** Entry point: says clearly which Node it needs before anything that would not load on another one is imported. */
const NEEDED = [24, 21] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `rekall-agent: needs Node ${NEEDED.join('.')} or newer, this is ${process.versions.node}: run it by npm, or with node_modules/.bin first in PATH`,
  );
  process.exitCode = 1;
} else {
  // An agent waits most of the time: small rather than fast. The pool simulator is the other way round.
  if (process.argv[2] !== 'pool') setFlagsFromString('--optimize-for-size');
  const { main } = await import('./cli.js');
  process.exitCode = await main(process.argv.slice(2), {
    out: (line) => console.log(line),
    error: (line) => console.error(line),
  });
}
