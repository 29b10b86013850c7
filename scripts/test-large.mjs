// `npm run test:large`: one object of 4 GiB through the file store, up in parts and down. By hand: it takes minutes and 10 GB.
import { join } from 'node:path';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, root } from './support/project.mjs';

helpOrContinue(`
test-large: sends one object of 4 GiB to the built file store in parts, reads it back, and compares hashes; the server may
use 200 MB of memory. Skipped with a line when less than 10 GB are free for temporary files (TMPDIR).
`);
const code = await buildIfStale();
if (code !== 0) process.exit(code);
becomeNode(['--import', join(root, 'test/support/run-sources.mjs'), join(root, 'test/large/large-object.ts')]);
