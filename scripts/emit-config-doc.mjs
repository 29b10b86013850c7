// Writes the table of variables at the end of docs/operations.md, or checks that it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpOrContinue, root } from './support/project.mjs';

helpOrContinue(`
emit-config-doc: writes the table of variables in docs/operations.md from the schemas that parses them
  --check   only compares; exit code 1 when the table is out of date
`);

const { describeConfig } = await import('../dist/apps/api/src/platform/config/env.js');
const { describeSettings } = await import('../dist/apps/filestore/src/config-doc.js');
const file = join(root, 'docs/operations.md');
const mark = '| --- | --- | --- | --- |\n';
const text = readFileSync(file, 'utf8');
const at = text.lastIndexOf(mark);
if (at < 0) throw new Error('docs/operations.md has no table of variables');
const start = at + mark.length;
const shown = (text) => (text.includes('*') ? `\`${text}\`` : text);
const rows = [...describeConfig(), ...describeSettings()].map(
  (v) => `| \`${v.name}\` | ${v.role} | ${shown(v.default)} | ${v.description.replaceAll('*', '\\*')} |\n`,
);
const wanted = text.slice(0, start) + rows.join('');
if (!process.argv.includes('--check')) writeFileSync(file, wanted);
else if (wanted !== text) {
  console.error('docs/operations.md is out of date: run node scripts/emit-config-doc.mjs');
  process.exit(1);
}
