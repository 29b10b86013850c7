// Writes docs/sources.md from what the built agent says of its sources, or checks that it is up to date.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { helpOrContinue, node, root } from './support/project.mjs';

helpOrContinue(`
emit-sources: writes docs/sources.md from the built agent
  --check   only compares; exit code 1 when the file is out of date
`);

const agent = join(root, 'dist/apps/agent/src/main.js');
const printed = execFileSync(node, [agent, 'sources', '--markdown'], { encoding: 'utf8' });
const file = join(root, 'docs/sources.md');
const text = await format(printed, { ...(await resolveConfig(file)), parser: 'markdown' });
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/sources.md is out of date: run node scripts/emit-sources.mjs');
  process.exit(1);
}
