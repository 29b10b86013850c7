// `npm run bench -- NAME`: runs test/bench/NAME.ts on what is built; it prints a table and writes
// bench-results/NAME.json. Nothing timed is a test.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, root } from './support/project.mjs';

const folder = join(root, 'test/bench');
const files = existsSync(folder) ? readdirSync(folder) : [];
const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));

helpOrContinue(`
bench NAME [ARGUMENTS]: builds what is stale, then runs test/bench/NAME.ts
  ${names.length === 0 ? 'there is none yet' : names.join(', ')}
`);
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(
    `bench: ${name === undefined ? 'a name is missing' : `there is no bench "${name}"`} (${names.join(', ')})`,
  );
  process.exit(2);
}
const code = await buildIfStale();
if (code !== 0) process.exit(code);
// The bench of the store writes as many files at once as it has connections, each in a thread of its own.
process.env.UV_THREADPOOL_SIZE ??= '16';
becomeNode(['--import', join(root, 'test/support/run-sources.mjs'), join(folder, `${name}.ts`), ...args]);
